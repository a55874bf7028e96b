import type { Koffi } from "./koffi.js";

/** What functions of libcrypto answer when they did what was asked for. */
export const OK = 1;

/** Functions of OpenSSL 3; see its manual, EVP_EncryptInit(3). Contexts and memory are addresses. */
export interface Libcrypto {
  newContext(): number;
  freeContext(context: number): void;
  aes128Gcm(): number;
  /** 0 for a cipher or a key leaves what is set. */
  encryptInit(context: number, cipher: number, key: number, nonce: number, parameters: number): number;
  encryptUpdate(context: number, out: number, outLength: number, bytes: number, length: number): number;
  encryptFinal(context: number, out: number, outLength: number): number;
  decryptInit(context: number, cipher: number, key: number, nonce: number, parameters: number): number;
  decryptUpdate(context: number, out: number, outLength: number, bytes: number, length: number): number;
  decryptFinal(context: number, out: number, outLength: number): number;
  getParameters(context: number, parameters: number): number;
  setParameters(context: number, parameters: number): number;
  clearErrors(): number;
}

/**
 * The functions of the OpenSSL that Node was built with, which it exports for native addons (Node's documentation,
 * "C++ addons", section on libraries included with Node.js). Throws Error where one is missing, as in Electron, which
 * has BoringSSL.
 */
export function bindLibcrypto(koffi: Koffi): Libcrypto {
  const library = koffi.load(null);
  const address = "uintptr_t";
  const init = [address, address, address, address, address];
  const update = [address, address, address, address, "int"];
  const final = [address, address, address];
  return {
    newContext: library.func("EVP_CIPHER_CTX_new", address, []),
    freeContext: library.func("EVP_CIPHER_CTX_free", "void", [address]),
    aes128Gcm: library.func("EVP_aes_128_gcm", address, []),
    encryptInit: library.func("EVP_EncryptInit_ex2", "int", init),
    encryptUpdate: library.func("EVP_EncryptUpdate", "int", update),
    encryptFinal: library.func("EVP_EncryptFinal_ex", "int", final),
    decryptInit: library.func("EVP_DecryptInit_ex2", "int", init),
    decryptUpdate: library.func("EVP_DecryptUpdate", "int", update),
    decryptFinal: library.func("EVP_DecryptFinal_ex", "int", final),
    getParameters: library.func("EVP_CIPHER_CTX_get_params", "int", [address, address]),
    setParameters: library.func("EVP_CIPHER_CTX_set_params", "int", [address, address]),
    clearErrors: library.func("ERR_clear_error", "void", []),
  };
}
