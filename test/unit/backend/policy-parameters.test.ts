// Which class parameter complies with a policy: held against the rows of the parameters and the body that Azure receives.
import assert from "node:assert/strict";
import { wishOf } from "../../../src/azure/refusals/policy-operator.ts";
import { BLOB_ACCOUNTS } from "../../../src/backend/blob/account-shape.ts";
import { type BlobAccountShape, PARAMETERS } from "../../../src/backend/blob/parameters.ts";
import { complyingParameter, SAME_VALUES } from "../../../src/backend/blob/policy-parameters.ts";
import { findRow, isUsed } from "../../../src/volume/class/parameter-row.ts";

/** Parameters that shape an account and are no property of it that a policy could want. */
const NO_PROPERTY = ["softDeleteBlobs", "softDeleteContainers"];
/** Two spellings of one parameter: the first is advised. */
const SPELLINGS = ["storageAccountType"];

/** What a policy wants that denies because the operator holds for the targets. */
const complying = (property: string, operator: string, ...targets: string[]) =>
  complyingParameter(property, [wishOf(operator, targets, true)]);

describe("the parameter that complies with a policy", () => {
  it("is known for every parameter that shapes an account", () => {
    const shaping = PARAMETERS.filter(({ effect }) => effect === "account").map(({ name }) => name);
    const known = ["tags", ...Object.values(SAME_VALUES), ...NO_PROPERTY, ...SPELLINGS];
    assert.deepEqual(
      shaping.filter((name) => !known.includes(name)),
      [],
    );
  });

  const values = {
    skuName: "Standard_GZRS",
    accessTier: "Cold",
    isHnsEnabled: "true",
    publicNetworkAccess: "SecuredByPerimeter",
    requireInfraEncryption: "true",
    location: "norwayeast",
    sasExpirationAction: "Block",
  } as const;
  for (const [property, parameter] of Object.entries(SAME_VALUES)) {
    it(`of ${property} is ${parameter}, and sets just that in the body`, () => {
      const wanted = values[parameter as keyof typeof values];
      assert.equal(complying(property, "NotEquals", wanted), `${parameter}: "${wanted}"`);
      const row = findRow(PARAMETERS, parameter);
      assert(row !== undefined && isUsed(row));
      const parsed = row.kind(wanted, {});
      assert("value" in parsed);
      const isPlace = parameter === "location";
      const shape = (isPlace ? {} : { [row.field]: parsed.value }) as BlobAccountShape;
      const location = isPlace ? String(parsed.value) : "westeurope";
      const body: unknown = BLOB_ACCOUNTS.toCreateParameters({ location, tags: {}, shape });
      const value = property.split(".").reduce((held, name) => (held as Record<string, unknown>)[name], body);
      assert.equal(String(value), wanted);
    });
  }

  it("is found whatever the case of the alias is, and never for a value that the parameter does not take", () => {
    assert.equal(complying("SKU.Name", "NotEquals", "Standard_ZRS"), 'skuName: "Standard_ZRS"');
    assert.equal(complying("sku.name", "NotIn", "Standard_Mars", "Premium_ZRS"), 'skuName: "Premium_ZRS"');
    for (const [property, wanted] of [
      ["sku.name", "Standard_Mars"],
      ["kind", "FileStorage"],
      ["networkAcls.defaultAction", "Allow"],
      ["isHnsEnabled", "perhaps"],
      ["tags.keyless-csi.cluster", "mine"],
      ["allowSharedKeyAccess", "true"],
      ["encryption.keySource", "Microsoft.Keyvault"],
    ] as const) {
      assert.equal(complying(property, "NotEquals", wanted), undefined, property);
    }
  });

  it("that must not be something, or be like something, is another value, the strictest first", () => {
    assert.equal(complying("publicNetworkAccess", "Equals", "Enabled"), 'publicNetworkAccess: "Disabled"');
    assert.equal(
      complying("publicNetworkAccess", "In", "Enabled", "disabled"),
      'publicNetworkAccess: "SecuredByPerimeter"',
    );
    assert.equal(complying("networkAcls.defaultAction", "Equals", "Allow"), 'publicNetworkAccess: "Disabled"');
    assert.equal(complying("sku.name", "NotLike", "*ZRS"), 'skuName: "Standard_ZRS"');
    assert.equal(complying("sku.name", "Like", "Standard*"), 'skuName: "Premium_LRS"');
    assert.equal(complying("sku.name", "NotMatch", "Premium_?RS"), 'skuName: "Premium_LRS"');
    assert.equal(complying("location", "Equals", "eastus"), "another location");
    assert.equal(complying("location", "NotIn", "??"), undefined);
    assert.equal(complying("tags.env", "Equals", "dev"), 'tags: "env=<value>"');
    assert.equal(complying("tags.env", "Exists", "True"), "tags without env");
    assert.equal(complying("accessTier", "Exists", "True"), undefined);
    assert.equal(complying("sku.name", "Sparkles", "x"), undefined);
  });

  it("fulfils all that is wanted of one property at once", () => {
    const wishes = [wishOf("NotLike", ["*ZRS"], true), wishOf("Like", ["Standard*"], true)];
    assert.equal(complyingParameter("sku.name", wishes), 'skuName: "Premium_ZRS"');
    assert.equal(complyingParameter("sku.name", [...wishes, wishOf("In", ["Premium_ZRS"], true)]), undefined);
  });
});
