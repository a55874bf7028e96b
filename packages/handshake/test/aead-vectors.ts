import { CipherSuite } from "@sortie/wire";

export interface AeadVector {
  readonly source: string;
  readonly suite: CipherSuite;
  readonly key: string;
  readonly nonce: string;
  readonly aad: string;
  readonly plaintext: string;
  readonly ciphertext: string;
  readonly tag: string;
}

function wycheproof(tcId: number, fields: string): AeadVector {
  const [key = "", nonce = "", aad = "", plaintext = "", ciphertext = "", tag = ""] = fields.split("|");
  const source = `Wycheproof aes_gcm_test tcId ${tcId}`;
  return { source, suite: CipherSuite.Aes128Gcm, key, nonce, aad, plaintext, ciphertext, tag };
}

/** Published vectors: RFC 8439, the GCM specification, and project Wycheproof (testvectors_v1/aes_gcm_test.json). */
export const aeadVectors: readonly AeadVector[] = [
  {
    source: "RFC 8439 section 2.8.2",
    suite: CipherSuite.ChaCha20Poly1305,
    key: "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
    nonce: "070000004041424344454647",
    aad: "50515253c0c1c2c3c4c5c6c7",
    plaintext:
      "4c616469657320616e642047656e746c656d656e206f662074686520636c617373206f66202739393a20496620492063" +
      "6f756c64206f6666657220796f75206f6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73" +
      "637265656e20776f756c642062652069742e",
    ciphertext:
      "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b" +
      "1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc" +
      "3ff4def08e4b7a9de576d26586cec64b6116",
    tag: "1ae10b594f09e26a7e902ecbd0600691",
  },
  {
    source: "McGrew and Viega, The Galois/Counter Mode of Operation, test case 4",
    suite: CipherSuite.Aes128Gcm,
    key: "feffe9928665731c6d6a8f9467308308",
    nonce: "cafebabefacedbaddecaf888",
    aad: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
    plaintext:
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72" +
      "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
    ciphertext:
      "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e" +
      "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
    tag: "5bc94fbc3221a5db94fae95ae7121a47",
  },
  wycheproof(
    1,
    "5b9604fe14eadba931b0ccf34843dab9|028318abc1824029138141a2||001d0c231287c1182784554ca3a21908|" +
      "26073cc1d851beff176384dc9896d5ff|0a3ea7a5487cb5f7d70fb6c58d038554",
  ),
  wycheproof(
    2,
    "5b9604fe14eadba931b0ccf34843dab9|921d2507fa8007b7bd067d34|00112233445566778899aabbccddeeff|" +
      "001d0c231287c1182784554ca3a21908|49d8b9783e911913d87094d1f63cc765|1e348ba07cca2cf04c618cb4d43a5b92",
  ),
  wycheproof(
    3,
    "aa023d0478dcb2b2312498293d9a9129|0432bc49ac34412081288127|aac39231129872a2|" +
      "2035af313d1346ab00154fea78322105|eea945f3d0f98cc0fbab472a0cf24e87|4bb9b4812519dadf9e1232016d068133",
  ),
  wycheproof(4, "bedcfb5a011ebc84600fcb296c15af0d|438a547a94ea88dce46c6c85||||960247ba5cde02e41a313c4c0136edc3"),
  wycheproof(5, "384ea416ac3c2f51a76e7d8226346d4e|b30c084727ad1c592ac21d12||35|54|7c1e4ae88bb27e5638343cb9fd3f6337"),
  wycheproof(
    6,
    "cae31cd9f55526eb038241fc44cac1e5|b5e006ded553110e6dc56529||d10989f2c52e94ad|a036ead03193903f|" +
      "3b626940e0e9f0cbea8e18c437fd6011",
  ),
  wycheproof(
    9,
    "c15ed227dd2e237ecd087eaaaad19ea4|965ff6643116ac1443a2dec7||fee62fde973fe025ad6b322dcdf3c63fc7|" +
      "0de51fe4f7f2d1f0f917569f5c6d1b009c|6cd8521422c0177e83ef1b7a845d97db",
  ),
  wycheproof(
    11,
    "28ff3def08179311e2734c6d1c4e2871|32bcb9b569e3b852d37c766a|c3|dfc61a20df8505b53e3cd59f25770d5018add3d6|" +
      "f58d453212c2c8a436e9283672f579f119122978|5901131d0760c8715901d881fdfd3bc0",
  ),
  wycheproof(
    14,
    "6a68671dfe323d419894381f85eb63fd|9f0d85b605711f34cd2a35ba|76eb5f147250fa3c12bff0a6e3934a0b16860cf11646773b|" +
      "0fc67899c3f1bbe196d90f1eca3797389230aa37|bd64802cfebaeb487d3a8f76ce943a37b3472dd5|" +
      "fce9a5b530c7d7af718be1ec0ae9ed4d",
  ),
  wycheproof(
    17,
    "97ec85a69a05131cd4ff643972f6d8f9|9189e0eedcc413a0ba1e63d2||" +
      "10acefa6f3959faecb5cfdaee8aaf09d4381b2b147e0b13450c26ee07f29edaa9a1f1af4e2d111dea7ff681a19fc3a4fd66df6a1798" +
      "5b06543a3b6c0e4e51a54b7|" +
      "eefdf89997244e065ff19ac2374dc92ee76899ddcbe7c834dcc657242fc0f6dd38272373ba9b549316a36f1522e1cab246157875898" +
      "c966eec563d57eca5c7d32d|23aaa2c6b680fcaaeb2c7a55726d4bc0",
  ),
];
