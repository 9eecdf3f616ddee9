import { type GossipsubOpts, StrictNoSign } from '@chainsafe/libp2p-gossipsub';
import { blocksTopic, topicId, transactionsTopic } from '../../protocols/topics.ts';
import { bytesToKey } from '../bytes/bytes.ts';
import { sha256 } from '../bytes/sha256.ts';
import { MAX_TRANSACTION_BYTES } from '../consensus/checkTransaction.ts';
import type { NetworkParams } from '../params/networkParams.ts';

/** What a peer that may not take part is worth: under every threshold, so nothing of its gossip is looked at. */
export const OUTSIDE_SCORE = -1_000_000;

/** Under it nothing that a peer gossips is looked at, and after a while it is banned. */
export const GRAYLIST_SCORE = -80;

/**
 * Five invalid messages bring a sender to about −485 and out of the mesh; quiet peers stay at 0 or above. Nothing is
 * asked of a mesh member but that what it sends is valid: a slow network must not look like a hostile one.
 */
const TOPIC_SCORE = {
  topicWeight: 1,
  timeInMeshWeight: 0.01,
  timeInMeshQuantum: 1000,
  timeInMeshCap: 300,
  firstMessageDeliveriesWeight: 0.5,
  firstMessageDeliveriesDecay: 0.99,
  firstMessageDeliveriesCap: 20,
  meshMessageDeliveriesWeight: 0,
  meshMessageDeliveriesDecay: 0.9,
  meshMessageDeliveriesCap: 1,
  meshMessageDeliveriesThreshold: 1,
  meshMessageDeliveriesWindow: 10,
  meshMessageDeliveriesActivation: 1000,
  meshFailurePenaltyWeight: 0,
  meshFailurePenaltyDecay: 0.9,
  invalidMessageDeliveriesWeight: -20,
  invalidMessageDeliveriesDecay: 0.997,
};

/** Gossipsub as it was measured to carry 3 MB blocks. `scoreOf` is what we ourselves think of a peer: 0 is neutral. */
export function gossipSettings(
  params: NetworkParams,
  scoreOf: (peerId: string) => number,
): Partial<GossipsubOpts> {
  const blocks = topicId(params.name, blocksTopic);
  const transactions = topicId(params.name, transactionsTopic);
  return {
    // A block proves itself, and a signature would tell who sent a payment first.
    globalSignaturePolicy: StrictNoSign,
    // The same bytes are the same message, whoever sends them.
    msgIdFn: ({ data }) => sha256(data),
    // In place of base64, put together digit by digit for every message.
    msgIdToStrFn: bytesToKey,
    allowedTopics: [blocks, transactions],
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    fallbackToFloodsub: false,
    doPX: false,
    // A block of our own goes to every peer at once: each hop saved is a stale block less.
    floodPublish: true,
    // Unlimited by default, and at 2 MB the gossip stream of a slow peer dies for good while its connection lives.
    maxOutboundBufferSize: 32 * 1024 * 1024,
    // A 3 MB block takes longer than the default 3 s on a slow line, and that is no broken promise.
    gossipsubIWantFollowupMs: 12_000,
    // Only of blocks: strangers could make us say it of so many payments that our peers take us for a flood.
    idontwantMinDataSize: MAX_TRANSACTION_BYTES + 1,
    // In heartbeats of 1 s. "I do not want it" is forgotten after as many, and a large block takes longer than the default 5
    // to be judged before it is passed on: a full mesh of five carried it four times more often than needed (48 MB for 12).
    mcacheLength: 30,
    // Whom a message is offered to, beside the mesh, in each of three heartbeats: six, or one in twenty. One in four of three
    // hundred peers ask for 650 MB of a large block within three seconds, while their own meshes are about to bring it.
    gossipFactor: 0.05,
    maxTopicBytesPerPeer: 16 * 1024,
    decodeRpcLimits: {
      maxSubscriptions: 16,
      maxMessages: 5000,
      maxIhaveMessageIDs: 5000,
      maxIwantMessageIDs: 5000,
      maxIdontwantMessageIDs: 512,
      maxControlMessages: 64,
      maxPeerInfos: 16,
    },
    scoreThresholds: {
      gossipThreshold: -10,
      publishThreshold: -50,
      graylistThreshold: GRAYLIST_SCORE,
      // Nobody's: a peer must not choose whom we dial.
      acceptPXThreshold: Number.MAX_SAFE_INTEGER,
      opportunisticGraftThreshold: 20,
    },
    scoreParams: {
      topics: { [blocks]: TOPIC_SCORE, [transactions]: TOPIC_SCORE },
      // Several honest peers share one address behind a NAT, and all of them do in a test network.
      IPColocationFactorWeight: 0,
      appSpecificScore: scoreOf,
      appSpecificWeight: 1,
      behaviourPenaltyThreshold: 6,
      behaviourPenaltyWeight: -1,
      behaviourPenaltyDecay: 0.99,
    },
  };
}
