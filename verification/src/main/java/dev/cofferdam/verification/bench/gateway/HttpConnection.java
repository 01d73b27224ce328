package dev.cofferdam.verification.bench.gateway;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import javax.net.ssl.SSLContext;

/**
 * A connection of HTTP/1.1 that costs its client as little as possible: it writes requests that are
 * bytes already, and reads answers without keeping them.
 */
final class HttpConnection implements Closeable {
  private final Socket socket;
  private final InputStream in;
  private final byte[] buffer = new byte[16 << 10];
  private final StringBuilder line = new StringBuilder();
  private int at;
  private int end;

  HttpConnection(int port, Optional<SSLContext> tls) throws IOException {
    InetAddress host = InetAddress.getLoopbackAddress();
    socket =
        tls.isPresent()
            ? tls.get().getSocketFactory().createSocket(host, port)
            : new Socket(host, port);
    socket.setTcpNoDelay(true);
    in = socket.getInputStream();
  }

  /**
   * Sends a request and reads its answer to the end.
   *
   * @throws IOException where the answer is not 200
   */
  void exchange(byte[] request) throws IOException {
    socket.getOutputStream().write(request);
    String status = readLine();
    long length = -1;
    String header;
    while (!(header = readLine()).isEmpty()) {
      String name = header.toLowerCase(Locale.ROOT);
      if (name.startsWith("content-length:")) {
        length = Long.parseLong(name.substring("content-length:".length()).strip());
      }
    }
    if (!status.startsWith("HTTP/1.1 200")) {
      byte[] body = length > 0 ? in.readNBytes((int) Math.min(length, 200)) : new byte[0];
      throw new IOException(status + " " + new String(body, StandardCharsets.UTF_8));
    }
    if (length >= 0) {
      skip(length);
      return;
    }
    long chunk;
    while ((chunk = Long.parseLong(readLine().strip(), 16)) > 0) {
      skip(chunk + 2);
    }
    readLine();
  }

  private String readLine() throws IOException {
    line.setLength(0);
    while (true) {
      int b = read();
      if (b == '\n') {
        return line.toString();
      }
      if (b != '\r') {
        line.append((char) b);
      }
    }
  }

  private int read() throws IOException {
    if (at == end) {
      fill();
    }
    return buffer[at++];
  }

  private void skip(long bytes) throws IOException {
    long left = bytes;
    while (left > 0) {
      if (at == end) {
        fill();
      }
      int step = (int) Math.min(left, end - at);
      at += step;
      left -= step;
    }
  }

  private void fill() throws IOException {
    end = in.read(buffer);
    at = 0;
    if (end <= 0) {
      throw new IOException("the connection was closed");
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
