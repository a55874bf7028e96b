import { ByteCopier, TAG_BYTES } from "@sortie/wire";
import type { LibsodiumModule } from "libsodium";
import { MAX_AEAD_BODY_BYTES, MAX_AEAD_HEADER_BYTES } from "../aead-arguments.js";
import { PrefixViews } from "../prefix-views.js";
import type { KeyOwner } from "./key-owner.js";

/** bytes. */
const KEY_BYTES = 32;
/** bytes: 12, and 4 that keep what follows aligned. */
const NONCE_BYTES = 16;

/**
 * The memory of a WebAssembly instance: places for one packet, which all AEADs of a thread share. Taken once, at the
 * start: nothing else lives in this instance, so its memory never grows and never moves.
 */
export class WasmHeap {
  readonly functions: LibsodiumModule;
  readonly key: number;
  readonly nonce: number;
  /** Where the header of the packet loaded last begins: it ends at the body. */
  header: number;
  readonly body: number;
  /** Prefixes of the body. */
  readonly bodyViews: PrefixViews;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #copier: ByteCopier = new ByteCopier();
  /** Whose key is in the memory. */
  #keyOwner: KeyOwner | undefined = undefined;

  /** Throws Error when the instance has no memory to give. */
  constructor(functions: LibsodiumModule) {
    const bodyBytes = MAX_AEAD_BODY_BYTES + TAG_BYTES;
    const start = functions._malloc(KEY_BYTES + NONCE_BYTES + MAX_AEAD_HEADER_BYTES + bodyBytes);
    if (start === 0) throw new Error("the WebAssembly instance of libsodium has no memory");
    this.functions = functions;
    this.key = start;
    this.nonce = start + KEY_BYTES;
    this.header = this.nonce + NONCE_BYTES;
    this.body = this.header + MAX_AEAD_HEADER_BYTES;
    this.#bytes = functions.HEAPU8;
    this.#view = new DataView(this.#bytes.buffer);
    this.bodyViews = new PrefixViews(this.#bytes.subarray(this.body, this.body + bodyBytes));
  }

  /** Copies key (unless its owner came last, too), nonce, header and body to their places. */
  load(
    keyOwner: KeyOwner,
    nonce: Uint8Array,
    bytes: Uint8Array,
    headerStart: number,
    bodyStart: number,
    end: number,
  ): void {
    if (this.#keyOwner !== keyOwner) {
      keyOwner.writeKey(this.#view, this.key);
      this.#keyOwner = keyOwner;
    }
    this.#copier.copy(nonce, 0, nonce.length, this.#bytes, this.nonce);
    // Header and body lie side by side here as they do there.
    this.header = this.body - (bodyStart - headerStart);
    this.#copier.copy(bytes, headerStart, end, this.#bytes, this.header);
  }
}
