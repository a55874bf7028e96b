export { loadOpensslAeads } from "./load-openssl-aeads.js";
