/** What the RPC answers, as far as explaining looks at it. */

export type HeaderAnswer = {
  hash: string;
  height: number;
  confirmations: number;
  version: number;
  time: number;
  mediantime: number;
  bits: string;
  chainwork: string;
  previousblockhash?: string;
};

export type PrevoutAnswer = {
  generated: boolean;
  height: number;
  value: number;
  scriptPubKey: { hex: string };
};

export type TransactionAnswer = {
  txid: string;
  hex: string;
  blockhash?: string;
  vin: { coinbase?: string; txid?: string; vout?: number; prevout?: PrevoutAnswer }[];
  vout: { value: number; n: number; scriptPubKey: { hex: string } }[];
};

export type BlockAnswer = { tx: TransactionAnswer[] };

export type CoinAnswer = {
  confirmations: number;
  value: number;
  coinbase: boolean;
  scriptPubKey: { hex: string };
};

export type ChainAnswer = { blocks: number; bestblockhash: string; mediantime: number };

export type DeploymentsAnswer = { deployments: Record<string, { active: boolean } | undefined> };
