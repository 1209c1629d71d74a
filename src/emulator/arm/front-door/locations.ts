/** The Azure regions of the emulator, and how their names are read. */
import { type ArmError, badRequest, conflict } from "./errors.ts";

/** Name, display name, and paired region. */
export interface Region {
  readonly name: string;
  readonly displayName: string;
  readonly pair: string;
  /** The geography, as ARM shows it. */
  readonly geography: string;
}

/** A selection of public Azure's regions. */
export const REGIONS: readonly Region[] = [
  region("westeurope", "West Europe", "northeurope", "Europe"),
  region("northeurope", "North Europe", "westeurope", "Europe"),
  region("eastus", "East US", "westus", "US"),
  region("eastus2", "East US 2", "centralus", "US"),
  region("westus", "West US", "eastus", "US"),
  region("westus2", "West US 2", "westcentralus", "US"),
  region("westus3", "West US 3", "eastus", "US"),
  region("westcentralus", "West Central US", "westus2", "US"),
  region("centralus", "Central US", "eastus2", "US"),
  region("northcentralus", "North Central US", "southcentralus", "US"),
  region("southcentralus", "South Central US", "northcentralus", "US"),
  region("uksouth", "UK South", "ukwest", "UK"),
  region("ukwest", "UK West", "uksouth", "UK"),
  region("francecentral", "France Central", "francesouth", "Europe"),
  region("francesouth", "France South", "francecentral", "Europe"),
  region("germanywestcentral", "Germany West Central", "germanynorth", "Europe"),
  region("germanynorth", "Germany North", "germanywestcentral", "Europe"),
  region("switzerlandnorth", "Switzerland North", "switzerlandwest", "Europe"),
  region("switzerlandwest", "Switzerland West", "switzerlandnorth", "Europe"),
  region("norwayeast", "Norway East", "norwaywest", "Europe"),
  region("norwaywest", "Norway West", "norwayeast", "Europe"),
  region("swedencentral", "Sweden Central", "swedensouth", "Europe"),
  region("swedensouth", "Sweden South", "swedencentral", "Europe"),
  region("canadacentral", "Canada Central", "canadaeast", "Canada"),
  region("canadaeast", "Canada East", "canadacentral", "Canada"),
  region("brazilsouth", "Brazil South", "southcentralus", "South America"),
  region("japaneast", "Japan East", "japanwest", "Asia Pacific"),
  region("japanwest", "Japan West", "japaneast", "Asia Pacific"),
  region("koreacentral", "Korea Central", "koreasouth", "Asia Pacific"),
  region("koreasouth", "Korea South", "koreacentral", "Asia Pacific"),
  region("eastasia", "East Asia", "southeastasia", "Asia Pacific"),
  region("southeastasia", "Southeast Asia", "eastasia", "Asia Pacific"),
  region("australiaeast", "Australia East", "australiasoutheast", "Asia Pacific"),
  region("australiasoutheast", "Australia Southeast", "australiaeast", "Asia Pacific"),
  region("centralindia", "Central India", "southindia", "Asia Pacific"),
  region("southindia", "South India", "centralindia", "Asia Pacific"),
  region("uaenorth", "UAE North", "uaecentral", "Middle East"),
  region("uaecentral", "UAE Central", "uaenorth", "Middle East"),
  region("southafricanorth", "South Africa North", "southafricawest", "Africa"),
  region("southafricawest", "South Africa West", "southafricanorth", "Africa"),
];

function region(name: string, displayName: string, pair: string, geography: string): Region {
  return { name, displayName, pair, geography };
}

/** 409 for a PUT of a resource that exists in another region: ARM moves none. */
export function otherLocation(existing: Tracked, location: string): ArmError {
  return conflict(
    "InvalidResourceLocation",
    `The resource '${existing.name}' already exists in location '${existing.location}' in resource group ` +
      `'${existing.resourceGroup}'. A resource with the same name cannot be created in location '${location}'. ` +
      "Please select a new resource name.",
  );
}

interface Tracked {
  readonly name: string;
  readonly location: string;
  readonly resourceGroup: string;
}

/** The region's name from what was sent ("West Europe" is "westeurope"); throws 400 when it is missing or unknown. */
export function requireLocation(sent: string | undefined): string {
  if (sent === undefined || sent.trim() === "") {
    throw badRequest("LocationRequired", "The location property is required for this definition.");
  }
  const name = sent.replaceAll(" ", "").toLowerCase();
  if (REGIONS.some((each) => each.name === name)) return name;
  throw badRequest(
    "LocationNotAvailableForResourceType",
    `The provided location '${sent}' is not available for resource type. List of available regions for the resource ` +
      `type is '${REGIONS.map((each) => each.name).join(",")}'.`,
  );
}
