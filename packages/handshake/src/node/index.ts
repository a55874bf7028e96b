export { nodeAeads } from "./node-aead.js";
export { generateIdentity, identityFromPem, type IdentityPem, identityToPem } from "./node-identity.js";
export { createNodeProvider } from "./node-provider.js";
