import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_HEADERS } from '../../protocols/headers.ts';
import { hashToHex } from '../../src/bytes/hex.ts';
import { CROWDED_AHEAD, CROWDED_HEADERS, MAX_AHEAD } from '../../src/network/headerRoom.ts';
import { regtest } from '../../src/params/regtest.ts';
import type { Block } from '../../src/primitives/block.ts';
import type { BlockHeader } from '../../src/primitives/header.ts';
import { BAD_KINDS, type BadKind, openBadPeer } from '../support/badPeers.ts';
import { BareNode, chunk, encodeStatus, end } from '../support/bareNode.ts';
import { claim, serveBlocks, serveEndlessHeaders, serveHeaders } from '../support/bareServing.ts';
import { chainOfBlocks, makeKeys, REGTEST_BITS, solve } from '../support/blocks.ts';
import { feed, type TestNode, TestNodes, until } from '../support/networkNodes.ts';
import { bytesOf, field, parseFields, prefixed } from '../support/wire.ts';

const keys = makeKeys();
const blocks = chainOfBlocks(regtest.genesis, 0, 250, keys.lockingScript);
const GENESIS = regtest.genesis.header.hash;

/** A new node that knows an honest one with all blocks, and bare ones that do as they are told. */
async function syncAmong(
  prepare: ((bare: BareNode) => Promise<void>)[],
  check: (node: TestNode, bares: BareNode[]) => Promise<void> | void,
  withinMs = 150_000,
): Promise<void> {
  await TestNodes.with(async (nodes) => {
    const honest = await nodes.open();
    await feed(honest, blocks);
    const bares: BareNode[] = [];
    try {
      for (const each of prepare) {
        const bare = await BareNode.open('regtest', GENESIS);
        bares.push(bare);
        claim(bare, blocks);
        await serveHeaders(bare, blocks);
        await serveBlocks(bare, blocks);
        await each(bare);
      }
      const node = await nodes.open({ seeds: [...bares.map(({ address }) => address), honest.address] });
      await until('synced', () => node.chain.tip.height === 250, withinMs);
      await check(node, bares);
    } finally {
      await Promise.all(bares.map((bare) => bare.close()));
    }
  });
}

const isBanned = (node: TestNode, bare: BareNode) =>
  node.network.bans().some(({ who }) => who === bare.peerId);

test('a peer that stalls loses its window to another, and is not banned', () =>
  syncAmong(
    [(bare) => serveBlocks(bare, blocks, () => new Promise<Uint8Array>(() => undefined))],
    (node, [bare]) => {
      assert.ok(!isBanned(node, bare!));
    },
  ));

test('a node whose only peer falls silent half-way does not call itself up to date', () =>
  TestNodes.with(async (nodes) => {
    const bare = await BareNode.open('regtest', GENESIS);
    try {
      claim(bare, blocks);
      await serveHeaders(bare, blocks);
      // Once: the next time it is asked, it has come to itself.
      let isSilent = true;
      await serveBlocks(bare, blocks, (block) => {
        if (block !== blocks[100] || !isSilent) return block.bytes;
        isSilent = false;
        return new Promise<Uint8Array>(() => undefined);
      });
      const node = await nodes.open({ seeds: [bare.address] });
      const tooSoon: number[] = [];
      node.network.onState((state) => {
        if (state === 'running' && node.chain.tip.height < blocks.length) tooSoon.push(node.chain.tip.height);
      });
      await until('synced', () => node.chain.tip.height === blocks.length);
      await until('running', () => node.network.state() === 'running');
      assert.deepEqual(tooSoon, []);
    } finally {
      await bare.close();
    }
  }));

test('a block that comes by gossip while it is asked for does not keep a node from having caught up', () =>
  TestNodes.with(async (nodes) => {
    const bare = await BareNode.open('regtest', GENESIS);
    try {
      const last = blocks.at(-1)!;
      let isAsked = false;
      let answer = () => {};
      const later = new Promise<void>((resolve) => {
        answer = resolve;
      });
      claim(bare, blocks);
      await serveHeaders(bare, blocks);
      await serveBlocks(bare, blocks, async (block) => {
        isAsked ||= block === last;
        if (block === last) await later;
        return block.bytes;
      });
      const node = await nodes.open({ seeds: [bare.address] });
      await until('the last one is asked for', () => isAsked);
      const verdict = await node.chain.acceptBlock(last, { requested: true, source: 'gossip' });
      assert.ok(verdict.status === 'stored' || verdict.status === 'connected');
      answer();
      await until('synced', () => node.chain.tip.height === blocks.length);
      await until('running', () => node.network.state() === 'running');
    } finally {
      await bare.close();
    }
  }));

test('a peer that claims the greatest height and has no headers is passed over', () =>
  syncAmong(
    [
      async (bare) => {
        claim(bare, blocks, 1_000_000);
        await bare.answer('headers/1', () => [end(0)]);
      },
    ],
    (node) => until('running', () => node.network.state() === 'running'),
  ));

test('a peer that never answers for headers is passed over', () =>
  syncAmong(
    [
      async (bare) => {
        claim(bare, blocks, 1_000_000);
        await bare.answer('headers/1', () => new Promise<Buffer[]>(() => undefined));
      },
    ],
    () => undefined,
  ));

test('a peer that sends another block than asked for is banned', () =>
  syncAmong([(bare) => serveBlocks(bare, blocks, () => blocks[0]!.bytes)], (node, [bare]) =>
    until('banned', () => isBanned(node, bare!)),
  ));

test('a peer that sends a block with a changed body is banned, and the block still comes from others', () =>
  syncAmong(
    [
      (bare) =>
        serveBlocks(bare, blocks, ({ bytes }) => {
          const changed = Buffer.from(bytes);
          changed[changed.length - 5]! ^= 1;
          return changed;
        }),
    ],
    (node, [bare]) => until('banned', () => isBanned(node, bare!)),
  ));

test('a peer that has the headers and not the blocks is passed over', () =>
  syncAmong([(bare) => serveBlocks(bare, blocks, () => undefined)], (node, [bare]) => {
    assert.ok(!isBanned(node, bare!));
  }));

test('headers that do not hang together are held against the peer', () =>
  syncAmong(
    [
      (bare) => {
        claim(bare, blocks, 1_000_000);
        return bare.answer('headers/1', () => {
          const wrong = [blocks[0]!, blocks[2]!];
          return [chunk(Buffer.concat(wrong.map(({ header }) => field(1, header.bytes)))), end(2)];
        });
      },
    ],
    (node, [bare]) => until('banned', () => isBanned(node, bare!)),
  ));

test('blocks come from several peers at once', () =>
  TestNodes.with(async (nodes) => {
    const bares: BareNode[] = [];
    try {
      const asked = new Set<BareNode>();
      let release: () => void = () => undefined;
      const bothAsked = new Promise<void>((resolve) => {
        release = resolve;
      });
      for (let i = 0; i < 2; i++) {
        const bare = await BareNode.open('regtest', GENESIS);
        bares.push(bare);
        claim(bare, blocks);
        await serveHeaders(bare, blocks);
        // Neither answers before the other is asked: a node that asks one at a time counts the first as stalling.
        await serveBlocks(bare, blocks, async ({ bytes }) => {
          asked.add(bare);
          if (asked.size === 2) release();
          await bothAsked;
          return bytes;
        });
      }
      const node = await nodes.open({ seeds: bares.map(({ address }) => address) });
      await until('synced', () => node.chain.tip.height === 250);
      const received = node.network.peers().map(({ traffic }) => traffic.receivedBytes);
      assert.equal(received.filter((bytes) => bytes > 3000).length, 2, JSON.stringify(received));
    } finally {
      await Promise.all(bares.map((bare) => bare.close()));
    }
  }));

test('headers with too little work are not stored', () =>
  TestNodes.with(async (nodes) => {
    const node = await nodes.open();
    await feed(node, blocks);
    const bare = await BareNode.open('regtest', GENESIS);
    try {
      // It forks at the genesis and shows 105 blocks' work, where 250 - 144 are needed.
      const poor: Block[] = chainOfBlocks(regtest.genesis, 0, 105, keys.lockingScript, Uint8Array.of(7, 7));
      claim(bare, poor, 100_000);
      let asked = 0;
      await serveHeaders(bare, poor);
      await bare.answer('headers/1', (request) => {
        asked++;
        return [
          chunk(Buffer.concat(poor.map(({ header }) => field(1, header.bytes)))),
          end(105 + 0 * request.length),
        ];
      });
      await bare.join(node.address);
      await until('asked', () => asked > 0 && node.network.state() === 'running');
      assert.equal(node.chain.node(hashToHex(poor[0]!.header.hash)), undefined);

      // One block more is enough.
      const enough = [...poor, ...chainOfBlocks(poor[104]!, 105, 1, keys.lockingScript)];
      await bare.answer('headers/1', () => [
        chunk(Buffer.concat(enough.map(({ header }) => field(1, header.bytes)))),
        end(106),
      ]);
      claim(bare, enough, 100_001);
      await bare.join(node.address);
      await until('stored', () => node.chain.node(hashToHex(enough[0]!.header.hash)) !== undefined);
      assert.equal(node.chain.tip.height, 250);
    } finally {
      await bare.close();
    }
  }));

test('headers with more work whose blocks nobody has do not keep a node from the chain that there is', () => {
  const ghost = chainOfBlocks(regtest.genesis, 0, 300, keys.lockingScript, Uint8Array.of(5, 5));
  return syncAmong(
    [
      async (bare) => {
        claim(bare, ghost);
        await serveHeaders(bare, ghost);
        await serveBlocks(bare, [], () => undefined);
      },
    ],
    async (node) => {
      await until('running', () => node.network.state() === 'running');
      assert.equal(node.network.headersHeight(), 300);
    },
  );
});

test('headers with more work that come midway leave every peer to the chain that it has', () => {
  const ghost = chainOfBlocks(regtest.genesis, 0, 300, keys.lockingScript, Uint8Array.of(5, 6));
  return TestNodes.with(async (nodes) => {
    const honest = await BareNode.open('regtest', GENESIS);
    const liar = await BareNode.open('regtest', GENESIS);
    try {
      claim(honest, blocks);
      await serveHeaders(honest, blocks);
      const foreign: Block[] = [];
      let resume = () => {};
      const later = new Promise<void>((resolve) => {
        resume = resolve;
      });
      await serveBlocks(honest, [...blocks, ...ghost], async (block) => {
        if (ghost.includes(block)) foreign.push(block);
        if (block === blocks[100]) await later;
        return block.bytes;
      });
      claim(liar, ghost);
      await serveHeaders(liar, ghost);
      await serveBlocks(liar, ghost, () => new Promise<Uint8Array>(() => undefined));
      const node = await nodes.open({ seeds: [honest.address] });
      await until('the first blocks', () => node.chain.tip.height > 0);
      await node.network.addPeer(liar.address);
      await until('the better headers', () => node.chain.bestHeader.height === ghost.length);
      resume();
      await until('synced', () => node.chain.tip.height === blocks.length);
      assert.deepEqual(foreign, []);
    } finally {
      await Promise.all([honest.close(), liar.close()]);
    }
  });
});

test('among many chains with more work, each of somebody who has not all of its blocks, a node finds the one that is whole', () =>
  syncAmong(
    Array.from({ length: 16 }, (_, i) => async (bare: BareNode) => {
      const ghost = chainOfBlocks(regtest.genesis, 0, 300 + i, keys.lockingScript, Uint8Array.of(6, i));
      const held = new Set(ghost.slice(0, i < 8 ? 100 : 0));
      const never = new Promise<Uint8Array>(() => undefined);
      claim(bare, ghost);
      await serveHeaders(bare, ghost);
      await serveBlocks(bare, ghost, (block) => {
        if (held.has(block)) return block.bytes;
        return i < 12 ? never : undefined;
      });
    }),
    (node, bares) => {
      for (const bare of bares) assert.ok(!isBanned(node, bare));
    },
    180_000,
  ));

test('headers of somebody who has gone do not make a node believe that it has caught up', () =>
  TestNodes.with(async (nodes) => {
    const honest = await nodes.open();
    await feed(honest, blocks);
    const others = chainOfBlocks(regtest.genesis, 0, 300, keys.lockingScript, Uint8Array.of(7));
    const bare = await BareNode.open('regtest', GENESIS);
    let gone: Promise<void> | undefined;
    claim(bare, others);
    await serveHeaders(bare, others);
    await serveBlocks(bare, others, (block) => {
      if (block !== others[5]) return block.bytes;
      gone = bare.close();
      return new Promise<Uint8Array>(() => undefined);
    });
    const node = await nodes.open({ seeds: [bare.address] });
    const tooSoon: number[] = [];
    node.network.onState((state) => {
      if (state === 'running' && node.chain.tip.height < blocks.length) tooSoon.push(node.chain.tip.height);
    });
    await until('its headers', () => node.chain.bestHeader.height === others.length);
    await node.network.addPeer(honest.address);
    await until('synced', () => node.chain.tip.height === blocks.length);
    await until('running', () => node.network.state() === 'running');
    assert.deepEqual(tooSoon, []);
    await gone;
  }));

test('a peer that shows one header more, and says that it has pruned its block, does not keep a node from running', () =>
  TestNodes.with(async (nodes) => {
    const honest = await nodes.open();
    await feed(honest, blocks);
    const more = [...blocks, ...chainOfBlocks(blocks.at(-1)!, blocks.length, 1, keys.lockingScript)];
    const liar = await BareNode.open('regtest', GENESIS);
    claim(liar, more);
    liar.status = { ...liar.status, lowestHeight: 100_000 };
    await serveHeaders(liar, more);
    await serveBlocks(liar, more, () => undefined);
    try {
      const node = await nodes.open({ seeds: [liar.address, honest.address] });
      await until('running', () => node.network.state() === 'running');
      assert.deepEqual([node.chain.tip.height, node.chain.bestHeader.height], [blocks.length, more.length]);
    } finally {
      await liar.close();
    }
  }));

test('peers that show the same old headers again and again do not keep a node from running', () =>
  TestNodes.with(async (nodes) => {
    const long = chainOfBlocks(regtest.genesis, 0, 2010, keys.lockingScript);
    const honest = await nodes.open();
    await feed(honest, long);
    const headers = long.slice(0, 2000).map(({ header }) => field(1, header.bytes));
    const run = chunk(Buffer.concat(headers));
    const bares: BareNode[] = [];
    for (let i = 0; i < 3; i++) {
      const bare = await BareNode.open('regtest', GENESIS);
      bares.push(bare);
      claim(bare, long, 1_000_000 + i);
      await bare.answer('headers/1', async () => {
        await new Promise((resolve) => setTimeout(resolve, 400));
        return [run, end(headers.length)];
      });
      await serveBlocks(bare, long);
    }
    const claiming = setInterval(() => {
      for (const bare of bares) {
        const [connection] = bare.host.getConnections();
        if (connection === undefined) continue;
        bare.ask(connection, 'status/1', encodeStatus(bare.status)).catch(() => undefined);
      }
    }, 150);
    try {
      const node = await nodes.open({ seeds: [...bares, honest].map(({ address }) => address) });
      await until('running', () => node.network.state() === 'running');
      assert.equal(node.chain.tip.height, long.length);
    } finally {
      clearInterval(claiming);
      await Promise.all(bares.map((bare) => bare.close()));
    }
  }));

test('a newcomer beside another one, whose source is slow, does not call itself up to date', () =>
  TestNodes.with(async (nodes) => {
    const newcomer = await nodes.open();
    const bare = await BareNode.open('regtest', GENESIS);
    claim(bare, blocks);
    await serveHeaders(bare, blocks);
    let isSlow = true;
    await serveBlocks(bare, blocks, async ({ bytes }) => {
      if (isSlow) await new Promise((resolve) => setTimeout(resolve, 7000));
      isSlow = false;
      return bytes;
    });
    try {
      const node = await nodes.open({ seeds: [newcomer.address, bare.address] });
      const tooSoon: number[] = [];
      await until('its headers', () => node.chain.bestHeader.height === blocks.length);
      node.network.onState((state) => {
        if (state === 'running' && node.chain.tip.height < blocks.length) tooSoon.push(node.chain.tip.height);
      });
      await until('synced', () => node.chain.tip.height === blocks.length);
      await until('running', () => node.network.state() === 'running');
      assert.deepEqual(tooSoon, []);
    } finally {
      await bare.close();
    }
  }));

test('a peer that sends a trickle of bytes loses its window to another', () =>
  syncAmong(
    [
      (bare) =>
        bare.host.handle(
          bare.id('blocks/1'),
          (stream) => {
            const message = Buffer.from(prefixed(chunk(blocks[0]!.bytes)));
            let at = 0;
            const drip = setInterval(() => {
              if (stream.status !== 'open' || at === message.length) clearInterval(drip);
              else stream.send(message.subarray(at, ++at));
            }, 200);
          },
          { force: true },
        ),
    ],
    (node, [bare]) => {
      assert.ok(!isBanned(node, bare!));
    },
  ));

for (const { name, kinds } of [
  { name: 'eight peers that never answer for headers', kinds: Array<BadKind>(8).fill('silent-headers') },
  { name: 'eight peers that send no blocks', kinds: Array<BadKind>(8).fill('stalls') },
  { name: 'peers that are bad in every way, two of each', kinds: [...BAD_KINDS, ...BAD_KINDS] },
]) {
  test(`among ${name}, a node catches up and runs`, () =>
    TestNodes.with(async (nodes) => {
      const honest = await nodes.open();
      await feed(honest, blocks);
      const bares: BareNode[] = [];
      try {
        for (const kind of kinds) bares.push(await openBadPeer(kind, blocks));
        const node = await nodes.open({ seeds: [...bares.map(({ address }) => address), honest.address] });
        await until('synced', () => node.chain.tip.height === 250);
        await until('running', () => node.network.state() === 'running');
        const banned = node.network.bans().map(({ who }) => who);
        assert.ok(!banned.includes(honest.network.peerId));
      } finally {
        await Promise.all(bares.map((bare) => bare.close()));
      }
    }));
}

test('peers that answer at once with headers without end fill nothing, and hold nobody up', () =>
  syncAmong(
    Array.from({ length: 4 }, () => serveEndlessHeaders),
    async (node) => {
      await until('running', () => node.network.state() === 'running');
      // A page may be on its way, of each.
      const { headerCount } = node.chain;
      assert.ok(headerCount < MAX_AHEAD + 6 * MAX_HEADERS, `${headerCount} headers`);
    },
  ));

test('when strangers have had many headers stored without blocks, the next chain without end gets little', () =>
  TestNodes.with(async (nodes) => {
    const node = await nodes.open();
    let last = regtest.genesis.header;
    while (node.chain.blocklessCount <= CROWDED_HEADERS) {
      const fields = { version: 0x20000000, bits: REGTEST_BITS, nonce: 0, merkleRoot: new Uint8Array(32) };
      const page = Array.from({ length: MAX_HEADERS }, () => {
        last = solve({ ...fields, previousHash: last.hash, timeSec: last.timeSec + 1 });
        return last;
      });
      assert.ok('nodes' in node.chain.acceptHeaders(page));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const before = node.chain.headerCount;
    const honest = await nodes.open();
    await feed(honest, blocks);
    const bare = await BareNode.open('regtest', GENESIS);
    try {
      await serveEndlessHeaders(bare);
      await bare.join(node.address);
      node.network.tryPeer(honest.address);
      await until('the chain that there is', () => node.chain.tip.height === 250);
      await until('running', () => node.network.state() === 'running');
      await until('the chain without end', () => node.chain.headerCount > before + 250);
      let counted = 0;
      let countedAtMs = 0;
      await until('no more of it', () => {
        if (node.chain.headerCount !== counted) countedAtMs = Date.now();
        counted = node.chain.headerCount;
        return Date.now() - countedAtMs > 3000;
      });
      const stored = counted - before - 250;
      assert.ok(stored >= MAX_HEADERS && stored <= CROWDED_AHEAD + 2 * MAX_HEADERS, `${stored} headers`);
    } finally {
      await bare.close();
    }
  }));

test('headers of others that are slow to show enough leave a peer to show its own', () =>
  TestNodes.with(async (nodes) => {
    // A block stands for two hashes: the 100,000th header shows enough.
    const params = { ...regtest, minimumChainWork: 200_000n };
    const headers: BlockHeader[] = [];
    for (let last = regtest.genesis.header; headers.length < 100_000; headers.push(last)) {
      const fields = { version: 0x20000000, bits: REGTEST_BITS, nonce: 0, merkleRoot: new Uint8Array(32) };
      last = solve({ ...fields, previousHash: last.hash, timeSec: last.timeSec + 1 });
    }
    const places = new Map(headers.map(({ hash }, i) => [hashToHex(hash), i]));
    const bares: BareNode[] = [];
    const open = async (work: string, pauseMs: (from: number) => number): Promise<BareNode> => {
      const bare = await BareNode.open('regtest', GENESIS);
      bares.push(bare);
      bare.status = { ...bare.status, height: headers.length, work: Buffer.from(work, 'hex') };
      await bare.answer('headers/1', async (request) => {
        const locator = bytesOf(parseFields(request), 1).map((hash) => places.get(hashToHex(hash)) ?? -1);
        const from = Math.max(...locator, -1) + 1;
        await new Promise((resolve) => setTimeout(resolve, pauseMs(from)));
        const page = headers.slice(from, from + MAX_HEADERS);
        return [chunk(Buffer.concat(page.map(({ bytes }) => field(1, bytes)))), end(page.length)];
      });
      return bare;
    };
    try {
      const isSlow = (from: number) => (from < 40_000 ? 0 : 3000);
      for (let i = 0; i < 4; i++) await open('02000000', isSlow);
      const node = await nodes.open({ params, seeds: bares.map(({ address }) => address) });
      const honest = await open('00030d40', () => 0);
      await honest.join(node.address);
      await until('stored', () => node.chain.headerCount > 100_000, 45_000);
    } finally {
      await Promise.all(bares.map((bare) => bare.close()));
    }
  }));

test('a network at its beginning runs again when a stranger with headers and no blocks has left', () =>
  TestNodes.with(async (nodes) => {
    const node = await nodes.open();
    const other = await nodes.open({ seeds: [node.hostPort] });
    const run = () => [node, other].every(({ network }) => network.state() === 'running');
    await until('both run', run);
    const ghost = await BareNode.open('regtest', GENESIS);
    claim(ghost, blocks.slice(0, 7));
    await serveHeaders(ghost, blocks.slice(0, 7));
    await ghost.answer('blocks/1', () => [end(0)]);
    await ghost.join(node.address);
    await until('it has the headers', () => node.chain.bestHeader.height === 7);
    await ghost.close();
    await until('both run again', run, 50_000);
  }));

test('a peer that claims more than it shows, again and again, is banned', () =>
  syncAmong(
    [
      async (bare) => {
        claim(bare, blocks, 1_000_000);
        await bare.answer('headers/1', () => [end(0)]);
      },
    ],
    async (node, [bare]) => {
      let height = 1_000_000;
      await until(
        'banned',
        async () => {
          claim(bare!, blocks, ++height);
          const [connection] = bare!.host.getConnections();
          if (connection !== undefined) await bare!.join(node.address).catch(() => undefined);
          await new Promise((resolve) => setTimeout(resolve, 500));
          return isBanned(node, bare!);
        },
        90_000,
      );
    },
  ));
