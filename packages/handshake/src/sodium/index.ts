export { loadSodiumAeads } from "./load-sodium-aeads.js";
