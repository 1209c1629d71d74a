// What credentials look like after scrubbing.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { CREDENTIALS, scrub } from "../../../src/text/scrub.ts";

const JWT = `eyJ${"a".repeat(30)}.eyJ${"b".repeat(40)}.${"c".repeat(60)}`;
const KEY = randomBytes(64).toString("base64");

describe("scrubbing", () => {
  const secrets: readonly (readonly [string, string, string])[] = [
    ["a JWT", `token ${JWT} was refused`, JWT],
    ["the head of a JWT that was cut", `got ${JWT.slice(0, 24)}`, JWT.slice(0, 24)],
    ["a bearer header", "authorization: Bearer abc.def-123", "abc.def-123"],
    ["a shared key header", "SharedKey acct:Zm9vYmFy", "acct:Zm9vYmFy"],
    ["a SAS signature", "https://a.blob.core.windows.net/c?sv=2024&sig=Zm9v%2Bbar%3D&se=x", "Zm9v%2Bbar%3D"],
    ["an encoded SAS signature", "u=https%3A%2F%2Fa%3Fsig%3DZm9v", "Zm9v"],
    ["a connection string", `DefaultEndpointsProtocol=https;AccountKey=${KEY};EndpointSuffix=x`, KEY],
    ["a bare account key", `key is ${KEY}`, KEY],
    ["a form's secret", "grant_type=client_credentials&client_secret=hunter2&scope=x", "hunter2"],
    ["a form's assertion", `client_assertion=${JWT}&x=1`, JWT],
    ["a JSON token answer", `{"token_type":"Bearer","access_token":"opaque-value"}`, "opaque-value"],
    ["a basic header", "authorization: Basic dXNlcjp4", "dXNlcjp4"],
    ["an access key", "Endpoint=sb://x/;SharedAccessKey=Zm9v;EntityPath=y", "Zm9v"],
    ["a shared access signature", "SharedAccessSignature=sr%3Dx", "sr%3Dx"],
    ["a token of unknown kind in JSON", `{"token": "opaque-value"}`, "opaque-value"],
    ["a password", "password=hunter2;", "hunter2"],
  ];
  for (const [what, text, secret] of secrets) {
    it(`removes ${what} from a text`, () => {
      const clean = scrub(text);
      assert.ok(!clean.includes(secret), clean);
      assert.match(clean, /\[(token|key|redacted)\]/);
    });
  }

  describe("that passes over a text without any part of a credential", () => {
    const everyForm = (text: string) =>
      CREDENTIALS.reduce((clean, [form, instead]) => clean.replace(form, instead), text);
    const words = [
      ...secrets.flatMap(([, text, secret]) => [text, secret, ...text.split(secret)]),
      ..."Bearer SharedKey SharedKeyLite authorization Basic account shared access key sharedaccesssignature sig".split(
        " ",
      ),
      ..."client_secret client_assertion password access refresh id _token token accountKey %3f %26 %3d eyJ".split(" "),
      ...[
        "=",
        "==",
        " = ",
        ": ",
        '"',
        "'",
        ";",
        "&",
        " ",
        "\t",
        "\u00a0",
        "\ufeff",
        "\n",
        "\u017f",
        "\u212a",
        "A".repeat(86),
      ],
    ];
    const part = fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...words) },
      { weight: 1, arbitrary: fc.string({ maxLength: 6, unit: "binary" }) },
      { weight: 1, arbitrary: fc.string({ minLength: 84, maxLength: 90, unit: fc.constantFrom(..."aZ09+/_-") }) },
    );
    const cased = fc
      .tuple(part, fc.constantFrom("as it is", "upper", "lower"))
      .map(([text, how]) => (how === "upper" ? text.toUpperCase() : how === "lower" ? text.toLowerCase() : text));

    it("leaves the same as one that tries every form on it", () => {
      const texts = fc.array(cased, { maxLength: 10 }).map((parts) => parts.join(""));
      fc.assert(
        fc.property(texts, (text) => assert.equal(scrub(text), everyForm(text))),
        { numRuns: 5_000 },
      );
    });

    it("finds every secret of this file as it does", () => {
      for (const [, text] of secrets) {
        for (const each of [text, text.toUpperCase(), text.toLowerCase()]) assert.equal(scrub(each), everyForm(each));
      }
    });
  });

  it("keeps what operators need: ids, names, Azure's codes, paths", () => {
    const text =
      "storage account kl7fabcdefghijklmnopqrst in rg-data: AuthorizationFailed, code=403 status=403 " +
      "/subscriptions/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0/resourceGroups/rg-data/providers/Microsoft.Storage/x " +
      "pvc-0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0 key access is disabled; token expired";
    assert.equal(scrub(text), text);
  });

  it("removes a secret from a text that ends within it", () => {
    assert.equal(scrub('{"access_token":"opaque-value'), '{"access_token":"[redacted]"');
  });

  /** Texts that make an expression start over at every character. */
  const HOSTILE: Readonly<Record<string, (length: number) => string>> = {
    "heads of tokens": (length) => "eyJ".repeat(length / 3),
    "almost tokens": (length) => "eyJaaaaaaaa.".repeat(length / 12),
    "Bearer without end": (length) => "Bearer ".repeat(length / 7),
    "Bearer and spaces": (length) => `Bearer${" ".repeat(length)}`,
    "SharedKey without colon": (length) => `SharedKey ${"a".repeat(length)}`,
    "authorization and spaces": (length) => `authorization${" ".repeat(length / 2)}:${" ".repeat(length / 2)}`,
    "names of keys": (length) => "accountkey = ".repeat(length / 13),
    signatures: (length) => "%3fsig%3d".repeat(length / 9),
    "open JSON": (length) => '"token":"'.repeat(length / 9),
    "JSON without end": (length) => `"token":"${"a".repeat(length)}`,
    "one word": (length) => "A".repeat(length),
    "almost keys": (length) => `${"A".repeat(86)}=`.repeat(length / 87),
  };
  for (const [what, make] of Object.entries(HOSTILE)) {
    it(`looks at 16 Ki characters of ${what}, however many there are`, () => {
      const most = 16_384;
      for (const length of [most * 2, 262_144, 4 * 2 ** 20]) {
        const text = make(length);
        // Whatever an expression costs, it costs it for so many characters.
        assert(scrub(text).length <= most * 2, `${length}`);
        assert(scrub(text).endsWith(`(${text.length} characters)`), scrub(text).slice(-40));
      }
    });
  }

  it("keeps no half of a secret where it stops looking", () => {
    for (let before = 16_384 - 130; before <= 16_384; before += 1) {
      const text = `${" ".repeat(before)}${KEY} ${" ".repeat(1_000)}`;
      assert(!scrub(text).includes(KEY.slice(0, 4)), `${before}`);
      const json = `${" ".repeat(before)}{"access_token":"opaque value"}${" ".repeat(1_000)}`;
      assert(!/opaque|value/.test(scrub(json)), `${before}`);
    }
  });
});
