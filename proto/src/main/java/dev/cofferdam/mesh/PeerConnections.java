package dev.cofferdam.mesh;

import io.grpc.Attributes;
import io.grpc.Grpc;
import io.grpc.ServerTransportFilter;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ServerSocketChannel;
import java.net.SocketAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The connections of one server. gRPC tells of transports, not of channels; the two find each other
 * by the peer's address, which no two open connections of a server share.
 */
final class PeerConnections extends ServerTransportFilter {
  private final Map<SocketAddress, PeerConnection> open = new ConcurrentHashMap<>();

  /** Has a server that runs on event loops accept connections here. */
  void applyTo(NettyServerBuilder builder, EventLoops loops) {
    builder.channelFactory(() -> listener(loops)).addTransportFilter(this);
  }

  private ServerSocketChannel listener(EventLoops loops) {
    ServerSocketChannel listener = loops.listener();
    listener
        .pipeline()
        .addFirst(
            new ChannelInboundHandlerAdapter() {
              @Override
              public void channelRead(ChannelHandlerContext context, Object accepted) {
                watch((Channel) accepted);
                context.fireChannelRead(accepted);
              }
            });
    return listener;
  }

  private void watch(Channel channel) {
    SocketAddress address = channel.remoteAddress();
    if (address != null) {
      PeerConnection connection = PeerConnection.watch(channel);
      open.put(address, connection);
      channel.closeFuture().addListener(closed -> open.remove(address, connection));
    }
  }

  @Override
  public Attributes transportReady(Attributes transport) {
    @Nullable SocketAddress address = transport.get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
    PeerConnection connection = address == null ? null : open.get(address);
    return connection == null
        ? transport
        : transport.toBuilder().set(PeerConnection.ATTRIBUTE, connection).build();
  }
}
