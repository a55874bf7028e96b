const EMPTY = new Uint8Array(0);
const EMPTY_VIEW = /* @__PURE__ */ new DataView(/* @__PURE__ */ new ArrayBuffer(0));

/**
 * The DataView of an array; the last one is kept, since many reads and copies in a row are of the same memory. Keeps
 * the array used last alive.
 */
export class LastView {
  private bytes: Uint8Array = EMPTY;
  private view: DataView = EMPTY_VIEW;

  of(bytes: Uint8Array): DataView {
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    return this.view;
  }
}
