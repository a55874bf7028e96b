// Clients see no difference.
export { openConnections } from "./sortie-connections.mjs";
