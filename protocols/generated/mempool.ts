// @ts-nocheck Generated from protocols/mempool.proto by npm run protons: do not edit.
/* eslint-disable require-yield */

import { decodeMessage, encodeMessage, MaxLengthError, message, streamMessage } from 'protons-runtime'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface MempoolRequest {}

export namespace MempoolRequest {
  let _codec: Codec<MempoolRequest>

  export const codec = (): Codec<MempoolRequest> => {
    if (_codec == null) {
      _codec = message<MempoolRequest>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {}

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
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

  export function encode (obj: Partial<MempoolRequest>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, MempoolRequest.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<MempoolRequest>): MempoolRequest {
    return decodeMessage(buf, MempoolRequest.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<MempoolRequest>): Generator<{}> {
    return streamMessage(buf, MempoolRequest.codec(), opts)
  }
}

export interface MempoolPayload {
  txids: Uint8Array<ArrayBuffer>[]
}

export namespace MempoolPayload {
  let _codec: Codec<MempoolPayload>

  export const codec = (): Codec<MempoolPayload> => {
    if (_codec == null) {
      _codec = message<MempoolPayload>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.txids != null && obj.txids.length > 0) {
          for (const value of obj.txids) {
            w.uint32(10)
            w.bytes(value)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          txids: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.txids != null && obj.txids.length === opts.limits.txids) {
                throw new MaxLengthError('Decode error - repeated field "txids" had too many elements')
              }

              obj.txids.push(reader.bytes())
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
          txids: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.txids != null && obj.txids === opts.limits.txids) {
                throw new MaxLengthError('Streaming decode error - repeated field "txids" had too many elements')
              }

              yield {
                field: `${prefix}.txids[]`,
                index: obj.txids,
                value: reader.bytes()
              }

              obj.txids++

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

  export interface MempoolPayloadTxidsFieldEvent {
    field: '$.txids[]'
    index: number
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<MempoolPayload>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, MempoolPayload.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<MempoolPayload>): MempoolPayload {
    return decodeMessage(buf, MempoolPayload.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<MempoolPayload>): Generator<MempoolPayloadTxidsFieldEvent> {
    return streamMessage(buf, MempoolPayload.codec(), opts)
  }
}
