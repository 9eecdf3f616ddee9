/** Base units as the JSON number of coins that Bitcoin's RPC writes. Exact to the last unit: money fits in 53 bits. */
export function toCoins(amount: bigint): number {
  return Number(amount) / 1e8;
}

/** A fee rate of base units per byte in coins per 1,000 bytes. */
export function toCoinsPerKilobyte(unitsPerByte: number): number {
  return Math.round(unitsPerByte * 1000) / 1e8;
}
