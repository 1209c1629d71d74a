/** What the audience of a ServiceAccount's token is exchanged by. */

/**
 * The only audience whose token the OSS blob plugin reads, in every cloud: the key is a constant in its source, also in v1.27.9
 * (contract.md 1). Entra compares a token's audience with that of the federated credential byte for byte.
 */
export const PLUGIN_AUDIENCE = "api://AzureADTokenExchange";
