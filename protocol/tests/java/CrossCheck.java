import java.io.*;
import java.lang.reflect.InvocationTargetException;
import java.nio.ByteBuffer;
import java.util.concurrent.Callable;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.protocol.*;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.*;

/**
 * Answers questions about messages and record batches with Kafka's own classes.
 * Reads questions from the first file, writes answers to the second; tests/cross/java.rs is the other end.
 */
public class CrossCheck {
    static final ObjectMapper JSON = new ObjectMapper();

    public static void main(String[] args) throws Exception {
        try (DataInputStream in = new DataInputStream(new BufferedInputStream(new FileInputStream(args[0])));
             DataOutputStream out = new DataOutputStream(new BufferedOutputStream(new FileOutputStream(args[1])))) {
            for (int kind = in.read(); kind >= 0; kind = in.read()) {
                switch (kind) {
                    case 'm': message(in, out); break;
                    case 'd': defaults(in, out); break;
                    case 'b': batch(in, out); break;
                    default: throw new IOException("unknown question " + kind);
                }
            }
        }
    }

    /** Decode and encode again; decode and tell as JSON; encode from JSON; encode in another version. */
    static void message(DataInputStream in, DataOutputStream out) throws Exception {
        Class<?> type = type(in);
        short version = in.readShort(), other = in.readShort();
        byte[] bytes = block(in), json = block(in);
        answer(out, () -> write(read(type, version, bytes), version));
        answer(out, () -> JSON.writeValueAsBytes(converter(type)
            .getMethod("write", type, short.class, boolean.class)
            .invoke(null, read(type, version, bytes), version, true)));
        answer(out, () -> write(fromJson(type, version, json), version));
        answer(out, () -> write(read(type, version, bytes), other));
    }

    /** A fresh object, encoded. */
    static void defaults(DataInputStream in, DataOutputStream out) throws Exception {
        Class<?> type = type(in);
        short version = in.readShort();
        answer(out, () -> write(blank(type), version));
    }

    /** Check a batch and build it anew from its records. */
    static void batch(DataInputStream in, DataOutputStream out) throws Exception {
        byte[] bytes = block(in);
        answer(out, () -> {
            ByteBuffer built = ByteBuffer.allocate(1024);
            MemoryRecordsBuilder builder = null;
            for (RecordBatch b : MemoryRecords.readableRecords(ByteBuffer.wrap(bytes)).batches()) {
                b.ensureValid();
                builder = MemoryRecords.builder(built, (byte) 2, Compression.of(b.compressionType()).build(), b.timestampType(),
                    b.baseOffset(), b.timestampType() == TimestampType.LOG_APPEND_TIME ? b.maxTimestamp() : RecordBatch.NO_TIMESTAMP,
                    b.producerId(), b.producerEpoch(), b.baseSequence(), b.isTransactional(), b.partitionLeaderEpoch());
                for (org.apache.kafka.common.record.internal.Record r : b) {
                    builder.appendWithOffset(r.offset(), r.timestamp(), r.key(), r.value(), r.headers());
                }
            }
            ByteBuffer result = builder.build().buffer();
            byte[] all = new byte[result.remaining()];
            result.get(all);
            return all;
        });
    }

    /** A class by its name, once it goes by the expected number. */
    static Class<?> type(DataInputStream in) throws Exception {
        Class<?> type = Class.forName(new String(block(in)));
        short key = in.readShort();
        if (blank(type).apiKey() != key) throw new IllegalStateException(type + " is not " + key);
        return type;
    }

    static ApiMessage blank(Class<?> type) throws Exception {
        return (ApiMessage) type.getConstructor().newInstance();
    }

    static Class<?> converter(Class<?> type) throws Exception {
        return Class.forName(type.getName() + "JsonConverter");
    }

    static ApiMessage fromJson(Class<?> type, short version, byte[] json) throws Exception {
        return (ApiMessage) converter(type).getMethod("read", JsonNode.class, short.class)
            .invoke(null, JSON.readTree(json), version);
    }

    static ApiMessage read(Class<?> type, short version, byte[] bytes) throws Exception {
        ApiMessage message = blank(type);
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        message.read(new ByteBufferAccessor(buffer), version);
        if (buffer.hasRemaining()) throw new IllegalStateException(buffer.remaining() + " bytes left");
        return message;
    }

    static byte[] write(ApiMessage message, short version) {
        ObjectSerializationCache cache = new ObjectSerializationCache();
        ByteBuffer buffer = ByteBuffer.allocate(message.size(cache, version));
        message.write(new ByteBufferAccessor(buffer), cache, version);
        if (buffer.hasRemaining()) throw new IllegalStateException("size is off by " + buffer.remaining());
        return buffer.array();
    }

    static byte[] block(DataInputStream in) throws IOException {
        byte[] bytes = new byte[in.readInt()];
        in.readFully(bytes);
        return bytes;
    }

    /** 0 and the bytes, or 1 and what went wrong. */
    static void answer(DataOutputStream out, Callable<byte[]> work) throws IOException {
        byte[] bytes;
        int status = 0;
        try {
            bytes = work.call();
        } catch (Throwable t) {
            Throwable cause = t instanceof InvocationTargetException ? t.getCause() : t;
            bytes = cause.toString().getBytes();
            status = 1;
        }
        out.writeByte(status);
        out.writeInt(bytes.length);
        out.write(bytes);
    }
}
