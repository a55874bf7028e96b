export { loadWasmAeads } from "./load-wasm-aeads.js";
