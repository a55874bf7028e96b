/** The raw build of libsodium (libsodium.js), which has no types of its own: what is used of it. */
declare module "libsodium" {
  /** Functions of libsodium by their C names; pointers are offsets into `HEAPU8`, 64-bit lengths two 32-bit halves. */
  export interface LibsodiumModule {
    readonly HEAPU8: Uint8Array;
    _malloc(bytes: number): number;
    _crypto_aead_chacha20poly1305_ietf_encrypt(
      c: number,
      clenPointer: number,
      m: number,
      mlenLow: number,
      mlenHigh: number,
      ad: number,
      adlenLow: number,
      adlenHigh: number,
      nsec: number,
      npub: number,
      k: number,
    ): number;
    _crypto_aead_chacha20poly1305_ietf_decrypt(
      m: number,
      mlenPointer: number,
      nsec: number,
      c: number,
      clenLow: number,
      clenHigh: number,
      ad: number,
      adlenLow: number,
      adlenHigh: number,
      npub: number,
      k: number,
    ): number;
  }

  /** A new instance with memory of its own. */
  // eslint-disable-next-line no-restricted-syntax -- the library exports it so
  export default function instantiate(): Promise<LibsodiumModule>;
}
