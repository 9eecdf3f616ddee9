/** Bitcoin Core's error codes (src/rpc/protocol.h). */
export const RPC_ERROR = {
  invalidRequest: -32600,
  methodNotFound: -32601,
  internal: -32603,
  parse: -32700,
  misc: -1,
  type: -3,
  wallet: -4,
  invalidAddressOrKey: -5,
  insufficientFunds: -6,
  invalidParameter: -8,
  notConnected: -9,
  inInitialDownload: -10,
  invalidLabel: -11,
  keypoolRanOut: -12,
  walletLocked: -13,
  wrongPassphrase: -14,
  wrongEncryptionState: -15,
  noWallet: -18,
  walletLoaded: -35,
  deserialization: -22,
  nodeAlreadyAdded: -23,
  nodeNotAdded: -24,
  verify: -25,
  verifyRejected: -26,
  alreadyInChain: -27,
  inWarmup: -28,
  methodDeprecated: -32,
  nodeNotConnected: -29,
  invalidIpOrSubnet: -30,
} as const;

/** An answer that says no, with Bitcoin's code for why. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: number;

  constructor(code: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
