// @ts-nocheck Generated from protocols/transactions.proto by npm run protons: do not edit.
import { decodeMessage, encodeMessage, MaxLengthError, message, streamMessage } from 'protons-runtime'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface TransactionsRequest {
  txids: Uint8Array<ArrayBuffer>[]
}

export namespace TransactionsRequest {
  let _codec: Codec<TransactionsRequest>

  export const codec = (): Codec<TransactionsRequest> => {
    if (_codec == null) {
      _codec = message<TransactionsRequest>((obj, w, opts = {}) => {
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

  export interface TransactionsRequestTxidsFieldEvent {
    field: '$.txids[]'
    index: number
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<TransactionsRequest>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, TransactionsRequest.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<TransactionsRequest>): TransactionsRequest {
    return decodeMessage(buf, TransactionsRequest.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<TransactionsRequest>): Generator<TransactionsRequestTxidsFieldEvent> {
    return streamMessage(buf, TransactionsRequest.codec(), opts)
  }
}
