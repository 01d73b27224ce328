package dev.cofferdam.gateway.ingress;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import javax.net.ssl.SSLException;

/** HTTP/2 frame by frame (RFC 9113), for what no client would send. */
public final class RawHttp2 implements Closeable {
  public static final int DATA = 0;
  public static final int RST_STREAM = 3;
  public static final int SETTINGS = 4;
  public static final int GOAWAY = 7;
  public static final int END_STREAM = 1;
  public static final int END_HEADERS = 4;

  private static final int HEADERS = 1;
  private static final int ACK = 1;

  private final Socket socket;
  private final DataInputStream in;
  private final OutputStream out;

  /** A frame. */
  public record Frame(int type, int flags, int stream, byte[] payload) {
    /** Four bytes of the payload as a number, such as an error code. */
    public int number(int offset) {
      return java.nio.ByteBuffer.wrap(payload).getInt(offset);
    }
  }

  /** Speaks over a connected socket, the preface first. */
  public RawHttp2(Socket socket) throws IOException {
    this.socket = socket;
    this.in = new DataInputStream(socket.getInputStream());
    this.out = socket.getOutputStream();
    out.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    send(SETTINGS, 0, 0, new byte[0]);
    out.flush();
  }

  /** Sends headers whose names and values are written out (RFC 7541, section 6.2.2). */
  public void headers(int stream, int flags, String... namesAndValues) throws IOException {
    ByteArrayOutputStream block = new ByteArrayOutputStream();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      block.write(0);
      text(block, namesAndValues[i]);
      text(block, namesAndValues[i + 1]);
    }
    send(HEADERS, flags | END_HEADERS, stream, block.toByteArray());
  }

  private static void text(ByteArrayOutputStream block, String text) {
    block.write(text.length());
    block.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
  }

  /** Resets a stream. */
  public void reset(int stream) throws IOException {
    send(RST_STREAM, 0, stream, new byte[] {0, 0, 0, 8});
  }

  /** Sends a frame. */
  public void send(int type, int flags, int stream, byte[] payload) throws IOException {
    byte[] frame = new byte[9 + payload.length];
    java.nio.ByteBuffer.wrap(frame)
        .putInt(payload.length << 8 | type)
        .put((byte) flags)
        .putInt(stream)
        .put(payload);
    out.write(frame);
  }

  public void flush() throws IOException {
    out.flush();
  }

  /** The next frame; none at the connection's end. */
  public Optional<Frame> read() throws IOException {
    try {
      int head = in.readInt();
      int flags = in.readUnsignedByte();
      int stream = in.readInt();
      Frame frame = new Frame(head & 0xff, flags, stream, in.readNBytes(head >>> 8));
      if (frame.type() == SETTINGS && (flags & ACK) == 0) {
        send(SETTINGS, ACK, 0, new byte[0]);
        out.flush();
      }
      return Optional.of(frame);
    } catch (EOFException | SocketException | SSLException e) {
      return Optional.empty();
    }
  }

  /** The next frame of a type; none where the connection ends before. */
  public Optional<Frame> await(int type) throws IOException {
    Optional<Frame> frame = read();
    while (frame.isPresent() && frame.get().type() != type) {
      frame = read();
    }
    return frame;
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
