import { CipherSuite } from "@sortie/wire";
import type { AeadVector } from "./aead-vectors.js";

function wycheproof(tcId: number, fields: string): AeadVector {
  const [key = "", nonce = "", aad = "", plaintext = "", ciphertext = "", tag = ""] = fields.split("|");
  const source = `Wycheproof chacha20_poly1305_test tcId ${tcId}`;
  return { source, suite: CipherSuite.ChaCha20Poly1305, key, nonce, aad, plaintext, ciphertext, tag };
}

const ONES_64 = "ff".repeat(64);
const ONES_127 = "ff".repeat(127);

/** The group with an edge case of the tag: all of one key, nonce and plaintext; the ciphertext is all ones. */
function tagEdge(tcId: number, aad: string, tag: string): AeadVector {
  const key = "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f";
  const plaintext =
    "e48caf8a76183327c9561a4651c07c822ccd1642c06607d0d4bc0afb4de15915" +
    "dbfa3b0b422e77e15c64bf6247031f15fdb643117809821870000adf83834da5";
  return wycheproof(tcId, `${key}|000102030405060708090a0b|${aad}|${plaintext}|${ONES_64}|${tag}`);
}

/** The group with an edge case of the one-time key of Poly1305. */
function keyEdge(tcId: number, nonce: string, plaintext: string, tag: string): AeadVector {
  const key = "9de836aa579585081f330a7c4036e20e38ef15eff3945184d231867f505fffdf";
  return wycheproof(tcId, `${key}|${nonce}|${ONES_64}|${plaintext}|${ONES_127}|${tag}`);
}

/** Project Wycheproof, testvectors_v1/chacha20_poly1305_test.json: lengths from 0, edges of Poly1305. */
export const chachaVectors: readonly AeadVector[] = [
  wycheproof(
    2,
    "80ba3192c803ce965ea371d5ff073cf0f43b6a2ab576b208426e11409c09b9b0|4da5bf8dfd5852c1ea12379d||||" +
      "76acb342cf3166a5b63c0c0ea1383c8d",
  ),
  wycheproof(
    3,
    "7a4cd759172e02eb204db2c3f5c746227df584fc1345196391dbb9577a250742|a92ef0ac991dd516a3c6f689|bd506764f2d2c410|||" +
      "906fa6284b52f87b7359cbaa7563c709",
  ),
  wycheproof(
    4,
    "cc56b680552eb75008f5484b4cb803fa5063ebd6eab91f6ab6aef4916a766273|99e23ec48985bccdeeab60f1||2a|3a|" +
      "cac27dec0968801e9f6eded69d807522",
  ),
  wycheproof(
    5,
    "46f0254965f769d52bdb4a70b443199f8ef207520d1220c55e4b70f0fda620ee|ab0dca716ee051d2782f4403|91ca6c592cbcca53|" +
      "51|c4|168310ca45b1f7c66cad4e99e43f72b9",
  ),
  wycheproof(
    8,
    "bd8ed7fb0d607522f04d0b12d42c92570bccc5ba2486953d70ba2e8193f6225a|d2ab0abb50a8e9fba25429e1||201221|3cf470|" +
      "a27a69c9d7ee84586f11388c6884e63a",
  ),
  wycheproof(
    13,
    "800e9a24791700c9609736695ba2a8b99b2d57f1c3bfb61ed49db1c6c5219583|3dbe876bd880ec8ea2017043|96224835610b782b|" +
      "a7bfd041e3|d171f046ea|d179b1b9c4184378df009019dbb8c249",
  ),
  wycheproof(
    19,
    "1131c1418577a054de7a4ac551950f1a053f9ae46e5b75fe4abd5608d7cddadd|b4ea666ee119563366484a78|66c0ae70076cb14d|" +
      "a4c9c2801b71f7df|b9b910433af052b0|4530f51aeee024e0a445a6328fa67a18",
  ),
  wycheproof(
    23,
    "6d667fd79e5fb725f50343dccc4863227c75ee3f7a578476e3e9f32598d81559|6220527aba88e27f766658b2|e1e27ccddb3cb407|" +
      "0c8c5a252681f2b5b4c0|04aad66c60e0bf8ebba9|c15f69a4d2aef97d7748756ff49d894b",
  ),
  wycheproof(
    32,
    "67119627bd988eda906219e08c0d0d779a07d208ce8a4fe0709af755eeec6dcb|68ab7fdbf61901dad461d23c||" +
      "51f8c1f731ea14acdb210a6d973e07|0b29638e1fbdd6df53970be2210042|2a9134087d67a46e79178d0a93f5e1d2",
  ),
  keyEdge(
    221,
    "00000000101112130552a411",
    "eaccaa778935ef249e0900149dd889462d2a061486ba102b8caebe465f3959fb3119ebb5689676ffdd6d851a26739e77" +
      "2b54a2f5f473ea9c7e58ccbc4cfc953e8c420b2175d9dd519265630bb79bd87a601b113231a8b16ce54c331347ec04c2" +
      "b1c9160f38207aa46e96feb06dee883eb422fa14908df300bb1a1ef758c408",
    "177a77fce114a4349c4f8d5ec825d06f",
  ),
  keyEdge(
    224,
    "000000001011121308cb0f3f",
    "c7d843188ab193dfef5c4daf583f952cd4b195f240fa2e704d021723023c123371a41e87dfc6e6c3874a42f331cf0359" +
      "88a38c72ba2da854b1208f98bf8cc29948169481ab3a402d5fcc7ff78f9e31925576dc3938074b8c5b27960e3afc750a" +
      "d686563688b7441787288d5256c1301d563b7744843bd1ab4eff5be6f1653d",
    "2045815b8211b9a2995effe0b8ed9868",
  ),
  tagEdge(226, "ffffffffffffffffffffffffffffffff415771fda4fbcc55c377f73203e60226", "000102030405060708090a0b0c0d0e0f"),
  tagEdge(227, "f1ffffffffffffffffffffffffffffff615af39eddb5fcd2519190d5507d3b06", "00000000000000000000000000000000"),
  tagEdge(228, "b5ffffffffffffffffffffffffffffff764e5d82ce7da0d44148484fd96a6107", "ffffffffffffffffffffffffffffffff"),
  tagEdge(229, "fdffffffffffffffffffffffffffffff2bdbf16d8ea4d39dab8dcb3d4bc4e104", "00000080000000800000008000000080"),
  tagEdge(230, "a9ffffffffffffffffffffffffffffffaccd5eb31d8fc909e84b0de7de23bb08", "ffffff7fffffff7fffffff7fffffff7f"),
];
