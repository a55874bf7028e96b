import { packageBuild } from "../../tsup.base.js";

export default packageBuild([
  "src/index.ts",
  "src/node/index.ts",
  "src/openssl/index.ts",
  "src/sodium/index.ts",
  "src/wasm/index.ts",
]);
