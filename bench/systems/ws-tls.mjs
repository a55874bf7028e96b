// TLS of both sides of the WebSocket baseline.
const KEY = Buffer.alloc(16, 5);

/** TLS 1.2, the version that Node has pre-shared keys for; its records are those of 1.3 but for a byte. */
const COMMON = { ciphers: "PSK-AES128-GCM-SHA256", maxVersion: "TLSv1.2", minVersion: "TLSv1.2" };

export const PSK_OPTIONS = { ...COMMON, pskCallback: () => KEY };
export const PSK_CLIENT_OPTIONS = {
  ...COMMON,
  pskCallback: () => ({ psk: KEY, identity: "bench" }),
  checkServerIdentity: () => undefined,
};
