// @ts-nocheck Generated from protocols/peers.proto by npm run protons: do not edit.
import { decodeMessage, encodeMessage, MaxLengthError, message, streamMessage } from 'protons-runtime'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface PeersRequest {
  max: number
}

export namespace PeersRequest {
  let _codec: Codec<PeersRequest>

  export const codec = (): Codec<PeersRequest> => {
    if (_codec == null) {
      _codec = message<PeersRequest>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.max != null && obj.max !== 0)) {
          w.uint32(8)
          w.uint32(obj.max)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          max: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.max = reader.uint32()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.max`,
                value: reader.uint32()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface PeersRequestMaxFieldEvent {
    field: '$.max'
    value: number
  }

  export function encode (obj: Partial<PeersRequest>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, PeersRequest.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PeersRequest>): PeersRequest {
    return decodeMessage(buf, PeersRequest.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PeersRequest>): Generator<PeersRequestMaxFieldEvent> {
    return streamMessage(buf, PeersRequest.codec(), opts)
  }
}

export interface PeersPayload {
  peers: PeerAddress[]
}

export namespace PeersPayload {
  let _codec: Codec<PeersPayload>

  export const codec = (): Codec<PeersPayload> => {
    if (_codec == null) {
      _codec = message<PeersPayload>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.peers != null && obj.peers.length > 0) {
          for (const value of obj.peers) {
            w.uint32(10)
            PeerAddress.codec().encode(value, w)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          peers: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.peers != null && obj.peers.length === opts.limits.peers) {
                throw new MaxLengthError('Decode error - repeated field "peers" had too many elements')
              }

              obj.peers.push(PeerAddress.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.peers$
              }))
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          peers: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.peers != null && obj.peers === opts.limits.peers) {
                throw new MaxLengthError('Streaming decode error - repeated field "peers" had too many elements')
              }

              for (const evt of PeerAddress.codec().stream(reader, reader.uint32(), `${prefix}.peers[]`, {
                limits: opts.limits?.peers$
              })) {
                yield {
                  ...evt,
                  index: obj.peers
                }
              }

              obj.peers++

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface PeersPayloadPeersMultiaddrFieldEvent {
    field: '$.peers[].multiaddr'
    value: string
    index: number
  }

  export interface PeersPayloadPeersLastSeenSecFieldEvent {
    field: '$.peers[].lastSeenSec'
    value: number
    index: number
  }

  export function encode (obj: Partial<PeersPayload>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, PeersPayload.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PeersPayload>): PeersPayload {
    return decodeMessage(buf, PeersPayload.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PeersPayload>): Generator<PeersPayloadPeersMultiaddrFieldEvent | PeersPayloadPeersLastSeenSecFieldEvent> {
    return streamMessage(buf, PeersPayload.codec(), opts)
  }
}

export interface PeerAddress {
  multiaddr: string
  lastSeenSec: number
}

export namespace PeerAddress {
  let _codec: Codec<PeerAddress>

  export const codec = (): Codec<PeerAddress> => {
    if (_codec == null) {
      _codec = message<PeerAddress>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.multiaddr != null && obj.multiaddr !== '')) {
          w.uint32(10)
          w.string(obj.multiaddr)
        }

        if ((obj.lastSeenSec != null && obj.lastSeenSec !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.lastSeenSec)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          multiaddr: '',
          lastSeenSec: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.multiaddr = reader.string()
              break
            }
            case 2: {
              obj.lastSeenSec = reader.uint64Number()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.multiaddr`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.lastSeenSec`,
                value: reader.uint64Number()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface PeerAddressMultiaddrFieldEvent {
    field: '$.multiaddr'
    value: string
  }

  export interface PeerAddressLastSeenSecFieldEvent {
    field: '$.lastSeenSec'
    value: number
  }

  export function encode (obj: Partial<PeerAddress>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, PeerAddress.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PeerAddress>): PeerAddress {
    return decodeMessage(buf, PeerAddress.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PeerAddress>): Generator<PeerAddressMultiaddrFieldEvent | PeerAddressLastSeenSecFieldEvent> {
    return streamMessage(buf, PeerAddress.codec(), opts)
  }
}
