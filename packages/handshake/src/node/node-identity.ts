import { createPrivateKey, type KeyObject } from "node:crypto";
import { type Identity, IdentityError, identityOf, publicKeyToPem } from "../identity.js";
import { parsePem } from "../pem.js";
import { CURVE, generateNodeKeyPair, importNodePrivateKey, NodePrivateKey } from "./node-private-key.js";

/** Both halves of an identity as text. */
export interface IdentityPem {
  /** PKCS#8 (RFC 5958), not encrypted: for the server's eyes only. */
  readonly privateKeyPem: string;
  /** SubjectPublicKeyInfo (RFC 5480): what clients pin. */
  readonly publicKeyPem: string;
}

/** A fresh identity. */
export function generateIdentity(): Identity {
  return identityOf(generateNodeKeyPair());
}

/**
 * The identity of a PEM text with a PKCS#8 P-256 private key, as `sortie keygen` and
 * `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256` write it. Throws IdentityError for anything else.
 */
export function identityFromPem(pem: string): Identity {
  const key = importPkcs8(pem);
  if (key.asymmetricKeyType !== "ec") {
    throw new IdentityError("wrong-key-type", `expected a P-256 key, got ${key.asymmetricKeyType ?? "none"}`);
  }
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (curve !== CURVE) {
    throw new IdentityError("wrong-curve", `expected a P-256 key, got curve ${curve ?? "without a name"}`);
  }
  const { d = "" } = key.export({ format: "jwk" });
  // The public key is computed anew: one that does not belong to the private key cannot come in by the file.
  return identityOf(importNodePrivateKey(Uint8Array.from(Buffer.from(d, "base64url"))));
}

/** The texts to store; `identityFromPem` reads the private one. Throws TypeError for a key of another provider. */
export function identityToPem(identity: Identity): IdentityPem {
  const { signingKey } = NodePrivateKey.of(identity.keyPair.privateKey);
  return {
    privateKeyPem: signingKey.export({ type: "pkcs8", format: "pem" }) as string,
    publicKeyPem: publicKeyToPem(identity.publicKey),
  };
}

function importPkcs8(pem: string): KeyObject {
  const block = parsePem(pem);
  if (block === undefined) {
    throw new IdentityError("not-pem", 'expected a PEM text with "-----BEGIN PRIVATE KEY-----", got none');
  }
  switch (block.label) {
    case "PRIVATE KEY":
      break;
    case "ENCRYPTED PRIVATE KEY":
      throw new IdentityError("encrypted", "expected a key without a passphrase: decrypt it with openssl pkcs8");
    case "PUBLIC KEY":
      throw new IdentityError("public-key-given", "expected the private key, got the public key");
    default:
      throw new IdentityError(
        "wrong-format",
        `expected a PEM block "PRIVATE KEY", got "${block.label}": convert it with openssl pkcs8 -topk8 -nocrypt`,
      );
  }
  if (block.der === undefined) throw new IdentityError("malformed-key", "expected base64 in the PEM block");
  try {
    return createPrivateKey({ key: Buffer.from(block.der), format: "der", type: "pkcs8" });
  } catch {
    // OpenSSL's message is left out: it helps nobody, and this one never holds key material.
    throw new IdentityError("malformed-key", "expected a PKCS#8 private key in the PEM block");
  }
}
