package dev.cofferdam.mesh;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;

/**
 * Stands between a client and a server on this machine: can be slow, can change its server, and can
 * fall silent.
 */
public final class TcpProxy implements AutoCloseable {
  private final ServerSocket listener;
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private volatile int target;
  private volatile long delayMs;
  private volatile boolean silent;
  private final CountDownLatch closed = new CountDownLatch(1);

  public TcpProxy(int target) {
    this.target = target;
    try {
      this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Thread.ofVirtual().start(this::accept);
  }

  public int port() {
    return listener.getLocalPort();
  }

  /** Passes nothing on any more and takes nothing more, and tells nobody: as a cut cable does. */
  public void silence() {
    silent = true;
  }

  /** What was lost stays lost. */
  public void speak() {
    silent = false;
  }

  /** Answers come so much later. */
  public void delay(long ms) {
    delayMs = ms;
  }

  /** Cuts all connections; new ones go elsewhere. */
  public void moveTo(int port) {
    target = port;
    sockets.forEach(TcpProxy::cut);
  }

  @Override
  public void close() {
    closed.countDown();
    try {
      listener.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    sockets.forEach(TcpProxy::cut);
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        Socket client = listener.accept();
        sockets.add(client);
        Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
        sockets.add(server);
        Thread.ofVirtual().start(() -> pass(client, server, false));
        Thread.ofVirtual().start(() -> pass(server, client, true));
      } catch (IOException e) {
        // The listener is closed, or the server is out: the client finds its connection dead.
      }
    }
  }

  private void pass(Socket from, Socket to, boolean late) {
    byte[] buffer = new byte[1 << 16];
    try (from;
        to) {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        if (late && delayMs > 0) {
          Thread.sleep(delayMs);
        }
        if (silent) {
          closed.await();
        }
        out.write(buffer, 0, n);
      }
    } catch (IOException e) {
      // Cut.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    sockets.remove(from);
    sockets.remove(to);
  }

  private static void cut(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      // It is gone already.
    }
  }
}
