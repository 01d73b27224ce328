package dev.cofferdam.mesh;

import io.grpc.Attributes;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A peer's connection to a {@link MeshServer}, for what a service does with it beyond calls. */
public final class PeerConnection {
  static final Attributes.Key<PeerConnection> ATTRIBUTE =
      Attributes.Key.create("cofferdam-peer-connection");

  /** That of the server's own keepalive: it ignores the answer to any other with a warning. */
  private static final long PING = 0xDEADL;

  private final Channel channel;
  private volatile long heardNs = System.nanoTime();

  private PeerConnection(Channel channel) {
    this.channel = channel;
  }

  /** Watches a channel from its first byte on. */
  static PeerConnection watch(Channel channel) {
    PeerConnection connection = new PeerConnection(channel);
    channel
        .pipeline()
        .addFirst(
            new ChannelInboundHandlerAdapter() {
              @Override
              public void channelRead(ChannelHandlerContext context, Object bytes) {
                connection.heardNs = System.nanoTime();
                context.fireChannelRead(bytes);
              }
            });
    return connection;
  }

  /**
   * The connection of a transport.
   *
   * @throws IllegalStateException where the server does not watch its connections
   */
  public static PeerConnection of(Attributes transport) {
    PeerConnection connection = transport.get(ATTRIBUTE);
    if (connection == null) {
      throw new IllegalStateException("the server does not watch its connections");
    }
    return connection;
  }

  /** {@link System#nanoTime} of the last byte that the peer sent. */
  public long heardNs() {
    return heardNs;
  }

  /** Asks for a sign of life. */
  public void ping() {
    channel.eventLoop().execute(this::writePing);
  }

  private void writePing() {
    @Nullable ChannelHandlerContext context =
        channel.pipeline().context(Http2ConnectionHandler.class);
    if (context != null) {
      var unused =
          ((Http2ConnectionHandler) context.handler())
              .encoder()
              .writePing(context, false, PING, context.newPromise());
      context.flush();
    }
  }

  /** Has the peer open no more calls; the connection ends with those under way. */
  public void goAway() {
    var unused = channel.close();
  }

  /** Ends the connection with all that is under way on it. */
  public void cut() {
    var unused = channel.pipeline().firstContext().close();
  }

  /** Does something short later, unless the connection has ended by then. */
  public void later(long ms, Runnable action) {
    var unused =
        channel
            .eventLoop()
            .schedule(
                () -> {
                  if (channel.isActive()) {
                    action.run();
                  }
                },
                ms,
                TimeUnit.MILLISECONDS);
  }
}
