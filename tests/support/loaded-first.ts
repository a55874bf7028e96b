import { createRequire } from "node:module";

// Node 20 now and then gives half a module to who requires it while it is imported as well ("__importStar is not a
// function"), and vitest imports much at once. Once it is there, whoever comes gets all of it.
const ofCertificates = createRequire(new URL("../../packages/certificates/package.json", import.meta.url));
ofCertificates("@peculiar/asn1-schema");
ofCertificates("@peculiar/asn1-x509");
