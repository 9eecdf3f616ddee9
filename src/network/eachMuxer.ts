import type { yamux } from '@libp2p/yamux';

type Muxers = ReturnType<typeof yamux>;
export type Muxer = ReturnType<ReturnType<Muxers>['createStreamMuxer']>;

/** Calls for each muxer as soon as it is made: so early nothing has come through it. */
export function eachMuxer(muxers: Muxers, onMade: (muxer: Muxer) => void): Muxers {
  return () => {
    const factory = muxers();
    const create = factory.createStreamMuxer.bind(factory);
    factory.createStreamMuxer = (connection) => {
      const muxer = create(connection);
      onMade(muxer);
      return muxer;
    };
    return factory;
  };
}
