export { type ClientSecret, createClientSecret } from "./client-secret.js";
