// How the pages are built. The server reads dist/.vite/manifest.json to find the hashed files.
import { defineConfig } from "vite";

const backend = process.env.CITYBRAIN_URL ?? "http://127.0.0.1:8600";

export default defineConfig({
  build: {
    manifest: true,
    target: "es2022",
    sourcemap: true,
    // MapLibre is one module of a megabyte; there is nothing to split.
    chunkSizeWarningLimit: 1500,
    rolldownOptions: {
      input: ["src/main.ts", "src/bureau.ts"],
      // MapLibre's worker is an .mjs; not every server knows that this is JavaScript.
      output: {
        assetFileNames: ({ names }) =>
          names.some((name) => name.endsWith(".mjs"))
            ? "assets/[name]-[hash].js"
            : "assets/[name]-[hash][extname]",
      },
    },
  },
  server: {
    proxy: {
      "/api": { target: backend, ws: true },
      "/exchange": { target: backend },
      "/bureau": { target: backend },
      "/my-data": { target: backend },
    },
  },
});
