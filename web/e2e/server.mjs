// Starts what is tested: the real binary on the demonstration city, or the mock with E2E_SERVER=mock.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = join(fileURLToPath(new URL(".", import.meta.url)), "..", "..");
const START_TIMEOUT_MS = 120_000;

/** The program and its arguments; `folder` is for the city's data, if it is to serve them. */
function command(folder) {
  if (process.env.E2E_SERVER === "mock") {
    return [process.execPath, ["web/mock/main.mjs", "--port", "0", "--warmup", "420"]];
  }
  const target = process.env.CARGO_TARGET_DIR ?? join(ROOT, "target");
  const binary = process.env.CITYBRAIN_BIN ?? join(target, "debug", "citybrain");
  if (!existsSync(binary)) {
    throw new Error(
      `${binary} is not there: build it with cargo build -p citybrain, or set E2E_SERVER=mock`,
    );
  }
  const data = folder
    ? ["--data", folder, "--set", "pool.persons=1000", "--set", "pool.sql-listen="]
    : ["--no-data"];
  return [binary, ["up", "cities/hangzhou", "--port", "0", ...data]];
}

/** Runs the server until `stop`; resolves with its address once it prints it. With `data` it serves
 *  the city's data too, of a thousand made-up people in a folder of its own. */
export function startServer({ data = false } = {}) {
  const folder = data ? mkdtempSync(join(tmpdir(), "citybrain-e2e-")) : undefined;
  const [program, args] = command(folder);
  // Its own options only: the binary refuses variables of ours that are not options of it.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("CITYBRAIN_")),
  );
  const child = spawn(program, args, { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const stop = () =>
    new Promise((resolve) => {
      if (child.exitCode !== null) return resolve();
      child.once("exit", resolve);
      child.kill("SIGTERM");
      setTimeout(() => child.kill("SIGKILL"), 5000).unref();
    }).then(() => {
      if (folder) rmSync(folder, { recursive: true, force: true });
    });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => fail("did not say where it listens"), START_TIMEOUT_MS);
    const fail = (why) => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      reject(new Error(`the server ${why}:\n${output}`));
    };
    const read = (chunk) => {
      output += chunk;
      const found = output.match(/http:\/\/[\w.[\]:-]+:\d+/);
      if (!found) return;
      clearTimeout(timer);
      resolve({ address: found[0], stop });
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("error", (error) => fail(`did not start: ${error.message}`));
    child.once("exit", (code) => fail(`ended with code ${code}`));
  });
}
