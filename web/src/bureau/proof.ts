/**
 * Checks that an entry stands in the ledger, with nothing but the browser's own cryptography:
 * RFC 6962 hashing, RFC 9162 section 2.1.3.2, and a checkpoint signed as C2SP's signed-note says.
 */

/** What the server answers at `/exchange/v1/ledger/proof/{index}`. Hashes are base64. */
export interface Proof {
  index: number;
  size: number;
  leaf_hash: string;
  inclusion: string[];
  checkpoint: string;
}

/** One hash on the way from the entry to the root. */
export interface PathStep {
  side: "left" | "right";
  sibling: string;
  result: string;
}

export interface Checkpoint {
  origin: string;
  size: number;
  root: string;
  /** What was signed: the note's text, with its last newline. */
  text: string;
  signatures: { name: string; blob: Uint8Array<ArrayBuffer> }[];
}

export interface PublicKey {
  name: string;
  hash: Uint8Array<ArrayBuffer>;
  algorithm: number;
  bytes: Uint8Array<ArrayBuffer>;
}

const ED25519 = 1;
const KEY_HASH_BYTES = 4;

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

export function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

async function sha256(...parts: Uint8Array[]): Promise<Uint8Array<ArrayBuffer>> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
}

/** The hash of an entry: of a zero byte and its bytes. */
export function leafHash(entry: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return sha256(Uint8Array.of(0), entry);
}

function nodeHash(left: Uint8Array, right: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return sha256(Uint8Array.of(1), left, right);
}

/** The way from a leaf to the root, and the root; null when the number of hashes is not right. */
export async function path(
  leaf: Uint8Array<ArrayBuffer>,
  index: number,
  size: number,
  inclusion: readonly string[],
): Promise<{ steps: PathStep[]; root: string } | null> {
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) return null;
  // Numbers beyond 2^31 must not go through the bitwise operators.
  let node = BigInt(index);
  let last = BigInt(size) - 1n;
  let hash = leaf;
  const steps: PathStep[] = [];
  for (const text of inclusion) {
    if (last === 0n) return null;
    const sibling = fromBase64(text);
    if ((node & 1n) === 1n || node === last) {
      hash = await nodeHash(sibling, hash);
      steps.push({ side: "left", sibling: text, result: toBase64(hash) });
      while (node !== 0n && (node & 1n) === 0n) {
        node >>= 1n;
        last >>= 1n;
      }
    } else {
      hash = await nodeHash(hash, sibling);
      steps.push({ side: "right", sibling: text, result: toBase64(hash) });
    }
    node >>= 1n;
    last >>= 1n;
  }
  return last === 0n ? { steps, root: toBase64(hash) } : null;
}

/** Takes a signed note apart. */
export function checkpoint(note: string): Checkpoint | null {
  const end = note.indexOf("\n\n");
  if (end < 0) return null;
  const text = note.slice(0, end + 1);
  const [origin, size, root] = text.split("\n");
  if (!origin || !size || !root || !/^\d+$/.test(size)) return null;
  const signatures = [];
  for (const line of note.slice(end + 2).split("\n")) {
    const found = line.match(/^— (\S+) (\S+)$/);
    if (found?.[1] && found[2]) signatures.push({ name: found[1], blob: fromBase64(found[2]) });
  }
  return { origin, size: Number(size), root, text, signatures };
}

/** A public key as signed notes write it: `name+hash+base64`. */
export function publicKey(text: string): PublicKey | null {
  const found = text.match(/^(\S+)\+([0-9a-f]{8})\+(\S+)$/);
  if (!found?.[1] || !found[2] || !found[3]) return null;
  const whole = fromBase64(found[3]);
  const hash = Uint8Array.from(found[2].match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  return { name: found[1], hash, algorithm: whole[0] ?? 0, bytes: whole.slice(1) };
}

/** Whether the holder of the key signed the checkpoint; null where the browser cannot say. */
export async function isSigned(point: Checkpoint, key: PublicKey): Promise<boolean | null> {
  if (key.algorithm !== ED25519 || point.origin !== key.name) return false;
  const of = point.signatures.find(
    ({ name, blob }) => name === key.name && key.hash.every((byte, at) => blob[at] === byte),
  );
  if (!of) return false;
  let imported: CryptoKey;
  try {
    imported = await crypto.subtle.importKey("raw", key.bytes, "Ed25519", false, ["verify"]);
  } catch {
    return null;
  }
  const message = new TextEncoder().encode(point.text);
  return crypto.subtle.verify("Ed25519", imported, of.blob.slice(KEY_HASH_BYTES), message);
}

/** Who else signed, and when a witness says that it saw the checkpoint. */
export function witnesses(point: Checkpoint, key: PublicKey): { name: string; time: Date }[] {
  const others = point.signatures.filter(
    ({ name, blob }) => name !== key.name && blob.length === KEY_HASH_BYTES + 8 + 64,
  );
  return others.map(({ name, blob }) => ({
    name,
    time: new Date(Number(new DataView(blob.buffer).getBigUint64(KEY_HASH_BYTES)) * 1000),
  }));
}
