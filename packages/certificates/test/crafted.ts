import { createPrivateKey, createPublicKey, sign } from "node:crypto";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  KeyUsage,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
} from "@peculiar/asn1-x509";
import { type Identity, publicKeyToPem } from "@sortie/handshake";
import { identityToPem } from "@sortie/handshake/node";
import { DAY_MS, NOW_MS } from "./support.js";

/** A certificate of any kind, right or wrong: what no honest authority issues. */
export interface Crafted {
  readonly subject: string;
  readonly issuer: string;
  readonly publicKeyPem: string;
  readonly signer: Identity;
  readonly ca?: boolean;
  readonly pathLength?: number;
  readonly keyUsage?: number;
  readonly extendedKeyUsage?: string[];
  readonly hostnames?: string[];
  readonly notBeforeMs?: number;
  readonly notAfterMs?: number;
  /** Extensions by ID, with any content. */
  readonly more?: readonly { readonly id: string; readonly critical: boolean; readonly value?: Uint8Array }[];
  readonly signatureAlgorithm?: string;
  readonly hash?: string;
}

export function craft(crafted: Crafted): Uint8Array {
  const { ca, pathLength, keyUsage, extendedKeyUsage, hostnames, more = [], hash = "sha256" } = crafted;
  const extensions: Extension[] = [];
  const add = (extnID: string, critical: boolean, value: ArrayBuffer): void => {
    extensions.push(new Extension({ extnID, critical, extnValue: new OctetString(value) }));
  };
  if (ca !== undefined) {
    const constraints = new BasicConstraints({ cA: ca });
    if (pathLength !== undefined) constraints.pathLenConstraint = pathLength;
    add("2.5.29.19", true, AsnConvert.serialize(constraints));
  }
  if (keyUsage !== undefined) add("2.5.29.15", true, AsnConvert.serialize(new KeyUsage(keyUsage)));
  if (extendedKeyUsage !== undefined) {
    add("2.5.29.37", false, AsnConvert.serialize(new ExtendedKeyUsage(extendedKeyUsage)));
  }
  if (hostnames !== undefined) {
    const names = hostnames.map((dNSName) => new GeneralName({ dNSName }));
    add("2.5.29.17", false, AsnConvert.serialize(new SubjectAlternativeName(names)));
  }
  for (const { id, critical, value = Uint8Array.of(5, 0) } of more) add(id, critical, value.slice().buffer);
  const algorithm = new AlgorithmIdentifier({ algorithm: crafted.signatureAlgorithm ?? "1.2.840.10045.4.3.2" });
  const spki = createPublicKey(crafted.publicKeyPem).export({ type: "spki", format: "der" });
  const tbsCertificate = new TBSCertificate({
    version: 2,
    serialNumber: Uint8Array.of(0x42).buffer,
    signature: algorithm,
    issuer: nameOf(crafted.issuer),
    subject: nameOf(crafted.subject),
    validity: new Validity({
      notBefore: new Date(crafted.notBeforeMs ?? NOW_MS - DAY_MS),
      notAfter: new Date(crafted.notAfterMs ?? NOW_MS + DAY_MS),
    }),
    subjectPublicKeyInfo: AsnConvert.parse(spki, SubjectPublicKeyInfo),
    extensions: new Extensions(extensions),
  });
  const key = createPrivateKey(identityToPem(crafted.signer).privateKeyPem);
  const signature = sign(hash, new Uint8Array(AsnConvert.serialize(tbsCertificate)), key);
  const certificate = new Certificate({
    tbsCertificate,
    signatureAlgorithm: algorithm,
    signatureValue: new Uint8Array(signature).buffer,
  });
  return new Uint8Array(AsnConvert.serialize(certificate));
}

export function pemOf(der: Uint8Array): string {
  return `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString("base64")}\n-----END CERTIFICATE-----\n`;
}

export function keyPem(identity: Identity): string {
  return publicKeyToPem(identity.publicKey);
}

function nameOf(commonName: string): Name {
  const value = new AttributeValue({ utf8String: commonName });
  return new Name([new RelativeDistinguishedName([new AttributeTypeAndValue({ type: "2.5.4.3", value })])]);
}
