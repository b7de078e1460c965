/** The entry of the Bureau: its style, and the two elements that need a script. */
import "./bureau/bureau.css";
import { LedgerProof } from "./bureau/ledger-proof";
import { TransferStream } from "./bureau/transfer-stream";
import iconUrl from "./icon.svg?url";

declare global {
  interface HTMLElementTagNameMap {
    "ledger-proof": LedgerProof;
    "transfer-stream": TransferStream;
  }
}

const icon = document.createElement("link");
icon.rel = "icon";
icon.href = iconUrl;
document.head.append(icon);

customElements.define("ledger-proof", LedgerProof);
customElements.define("transfer-stream", TransferStream);

// After a form that was not right, begin at what is wrong.
document.querySelector<HTMLElement>(".errors")?.focus();
