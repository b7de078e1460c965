import { describe, expect, it } from "vitest";
import * as proofs from "../src/bureau/proof";

const bytes = (text: string) => new TextEncoder().encode(text);

async function sha256(...parts: Uint8Array[]): Promise<Uint8Array<ArrayBuffer>> {
  const whole = Uint8Array.from(parts.flatMap((part) => [...part]));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
}

/** The greatest power of two below `size`. */
const split = (size: number) => 2 ** Math.floor(Math.log2(size - 1));

/** The tree hash, as RFC 6962 section 2.1 defines it. */
async function root(leaves: Uint8Array[]): Promise<Uint8Array> {
  const [first] = leaves;
  if (leaves.length === 1 && first) return sha256(Uint8Array.of(0), first);
  const k = split(leaves.length);
  return sha256(Uint8Array.of(1), await root(leaves.slice(0, k)), await root(leaves.slice(k)));
}

/** The audit path, as RFC 6962 section 2.1.1 defines it. */
async function audit(index: number, leaves: Uint8Array[]): Promise<Uint8Array[]> {
  if (leaves.length === 1) return [];
  const k = split(leaves.length);
  return index < k
    ? [...(await audit(index, leaves.slice(0, k))), await root(leaves.slice(k))]
    : [...(await audit(index - k, leaves.slice(k))), await root(leaves.slice(0, k))];
}

describe("the proof of an entry", () => {
  it("leads to the root that RFC 6962 defines, for every entry of every small tree", async () => {
    const all = Array.from({ length: 33 }, (_, at) => bytes(`entry ${at}`));
    for (let size = 1; size <= all.length; size++) {
      const leaves = all.slice(0, size);
      const expected = proofs.toBase64(await root(leaves));
      for (const [index, entry] of leaves.entries()) {
        const hashes = (await audit(index, leaves)).map(proofs.toBase64);
        const way = await proofs.path(await proofs.leafHash(entry), index, size, hashes);
        expect(way?.root).toBe(expected);
        expect(way?.steps.length).toBe(hashes.length);
      }
    }
  }, 30_000);

  it("fails for another byte, place, order or number of hashes", async () => {
    const leaves = Array.from({ length: 7 }, (_, at) => bytes(`entry ${at}`));
    const expected = proofs.toBase64(await root(leaves));
    const hashes = (await audit(3, leaves)).map(proofs.toBase64);
    const leaf = await proofs.leafHash(bytes("entry 3"));
    expect((await proofs.path(leaf, 3, 7, hashes))?.root).toBe(expected);
    expect(
      (await proofs.path(await proofs.leafHash(bytes("entry 4")), 3, 7, hashes))?.root,
    ).not.toBe(expected);
    expect((await proofs.path(leaf, 2, 7, hashes))?.root).not.toBe(expected);
    expect((await proofs.path(leaf, 3, 7, hashes.toReversed()))?.root).not.toBe(expected);
    expect(await proofs.path(leaf, 3, 7, hashes.slice(1))).toBeNull();
    expect(await proofs.path(leaf, 3, 7, [...hashes, ...hashes])).toBeNull();
    expect(await proofs.path(leaf, 7, 7, hashes)).toBeNull();
  });
});

describe("a checkpoint", () => {
  it("is signed by its key and by no other, and not when a byte of it is changed", async () => {
    const text = `town\n7\n${proofs.toBase64(new Uint8Array(32))}\n`;
    const pair = (await crypto.subtle.generateKey("Ed25519", true, [
      "sign",
      "verify",
    ])) as CryptoKeyPair;
    const raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
    const hash = Uint8Array.of(1, 2, 3, 4);
    const signature = new Uint8Array(
      await crypto.subtle.sign("Ed25519", pair.privateKey, bytes(text)),
    );
    const blob = proofs.toBase64(Uint8Array.from([...hash, ...signature]));
    const key = proofs.publicKey(`town+01020304+${proofs.toBase64(Uint8Array.from([1, ...raw]))}`);
    const note = proofs.checkpoint(`${text}\n— town ${blob}\n`);
    if (!key || !note) throw new Error("the key or the note cannot be read");
    expect([note.origin, note.size]).toEqual(["town", 7]);
    expect(await proofs.isSigned(note, key)).toBe(true);
    expect(await proofs.isSigned({ ...note, text: note.text.replace("7", "8") }, key)).toBe(false);
    expect(await proofs.isSigned(note, { ...key, hash: Uint8Array.of(4, 3, 2, 1) })).toBe(false);
    expect(await proofs.isSigned(note, { ...key, name: "village" })).toBe(false);
    expect(proofs.checkpoint("nonsense")).toBeNull();
    expect(proofs.publicKey("nonsense")).toBeNull();
  });

  it("names its witnesses and when they saw it", () => {
    const blob = new Uint8Array(4 + 8 + 64);
    new DataView(blob.buffer).setBigUint64(4, 1_780_286_400n);
    const note = proofs.checkpoint(
      `town\n1\nAAAA\n\n— town AAAA\n— watcher ${proofs.toBase64(blob)}\n`,
    );
    const key = { name: "town", hash: Uint8Array.of(0, 0, 0, 0), algorithm: 1, bytes: blob };
    if (!note) throw new Error("the note cannot be read");
    const seen = proofs.witnesses(note, key);
    expect(seen.map(({ name, time }) => [name, time.toISOString()])).toEqual([
      ["watcher", "2026-06-01T04:00:00.000Z"],
    ]);
  });
});
