/**
 * `<ledger-proof index key entry?>`: fetches the proof of an entry and checks it here, step by step.
 * One byte of the entry can be changed, to see that this is found.
 */
import { h } from "./dom";
import * as proofs from "./proof";
import { words } from "./words";

export class LedgerProof extends HTMLElement {
  #proof: proofs.Proof | null = null;
  #changed = false;
  readonly #verdict = h("p", { class: "verdict", role: "status" });
  readonly #button = h("button", { type: "button", class: "quiet", "aria-pressed": "false" });
  readonly #steps = h("ol", { class: "proof-steps" });

  connectedCallback(): void {
    const word = words();
    this.#verdict.textContent = word.checking;
    this.#button.textContent = word.change;
    this.#button.hidden = true;
    this.#button.addEventListener("click", () => {
      this.#changed = !this.#changed;
      this.#button.setAttribute("aria-pressed", String(this.#changed));
      this.#button.textContent = this.#changed ? word.changeBack : word.change;
      void this.#check();
    });
    this.append(this.#verdict, this.#button, this.#steps);
    void this.#begin();
  }

  async #begin(): Promise<void> {
    try {
      const answer = await fetch(`/exchange/v1/ledger/proof/${this.getAttribute("index")}`);
      if (!answer.ok) throw new Error(String(answer.status));
      this.#proof = (await answer.json()) as proofs.Proof;
      this.#button.hidden = false;
      await this.#check();
    } catch (error) {
      this.#say("bad", words().unproven + (error instanceof Error ? error.message : ""));
    }
  }

  #say(state: string, text: string): void {
    this.#verdict.dataset.state = state;
    this.#verdict.textContent = text;
  }

  /** The bytes whose hash begins the way: the entry's, or the hash itself where that is all. */
  async #leaf(proof: proofs.Proof): Promise<{ name: string; hash: Uint8Array<ArrayBuffer> }> {
    const word = words();
    const text = this.getAttribute("entry");
    const bytes = proofs.fromBase64(text ?? proof.leaf_hash);
    if (this.#changed) {
      const middle = bytes.length >> 1;
      bytes[middle] = (bytes[middle] ?? 0) ^ 1;
    }
    return text === null
      ? { name: word.leafGiven, hash: bytes }
      : { name: word.leaf, hash: await proofs.leafHash(bytes) };
  }

  async #check(): Promise<void> {
    const proof = this.#proof;
    const point = proof && proofs.checkpoint(proof.checkpoint);
    const key = proofs.publicKey(this.getAttribute("key") ?? "");
    if (!proof || !point || !key) {
      this.#say("bad", words().bad);
      return;
    }
    const word = words();
    const leaf = await this.#leaf(proof);
    const way = await proofs.path(leaf.hash, proof.index, point.size, proof.inclusion);
    const signed = await proofs.isSigned(point, key);
    const steps = [step(leaf.name, proofs.toBase64(leaf.hash))];
    for (const one of way?.steps ?? []) steps.push(step(word[one.side], one.sibling, one.result));
    const same = way?.root === point.root;
    steps.push(
      step(word.root, way?.root ?? "–"),
      step(word.signedRoot, point.root, same ? `✓ ${word.same}` : `✕ ${word.different}`),
      step(word.size, String(point.size)),
      step(signed ? word.signed : signed === null ? word.unknown : word.unsigned, key.name),
    );
    const seen = proofs.witnesses(point, key);
    for (const { name, time } of seen) steps.push(step(word.witnessed, name, time.toISOString()));
    if (seen.length === 0) steps.push(step(word.notWitnessed));
    this.#steps.replaceChildren(...steps);
    if (!same || signed === false) this.#say("bad", word.bad);
    else if (signed === null) this.#say("unknown", word.unknown);
    else this.#say("good", word.good);
  }
}

function step(name: string, value?: string, result?: string): HTMLElement {
  const item = h("li", {}, name);
  if (value) item.append(": ", h("code", {}, value));
  if (result) item.append(" → ", h("code", {}, result));
  return item;
}
