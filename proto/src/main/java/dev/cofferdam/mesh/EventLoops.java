package dev.cofferdam.mesh;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import java.io.Closeable;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The event loops on which a service's connections live. What one of them begins goes on there: a
 * service that asks another while it serves a call does it over a connection of the same loop, so
 * that no thread has to be woken on the way. What runs on a loop must not wait.
 */
public final class EventLoops implements Closeable {
  private final EventLoopGroup group;
  private final List<EventLoop> loops = new ArrayList<>();
  private final boolean owned;

  private EventLoops(EventLoopGroup group, boolean owned) {
    this.group = group;
    this.owned = owned;
    for (EventExecutor loop : group) {
      loops.add((EventLoop) loop);
    }
  }

  /** Loops of somebody else, over epoll or NIO; they stay the owner's. */
  public static EventLoops of(EventLoopGroup group) {
    return new EventLoops(group, false);
  }

  /** As many as there are processors: more would only wake each other. */
  public static EventLoops start() {
    int count = Runtime.getRuntime().availableProcessors();
    DefaultThreadFactory threads = new DefaultThreadFactory("loop", true);
    return new EventLoops(
        Epoll.isAvailable()
            ? new EpollEventLoopGroup(count, threads)
            : new NioEventLoopGroup(count, threads),
        true);
  }

  /** What connections of these loops are. */
  SocketChannel socket() {
    return overEpoll() ? new EpollSocketChannel() : new NioSocketChannel();
  }

  /** A listener on these loops, not yet bound. */
  ServerSocketChannel listener() {
    return overEpoll() ? new EpollServerSocketChannel() : new NioServerSocketChannel();
  }

  private boolean overEpoll() {
    return group instanceof EpollEventLoopGroup;
  }

  EventLoopGroup group() {
    return group;
  }

  /** The loop of this thread, or else the first one. */
  EventLoop current() {
    for (EventLoop loop : loops) {
      if (loop.inEventLoop()) {
        return loop;
      }
    }
    return loops.getFirst();
  }

  @Override
  public void close() {
    if (owned) {
      var unused = group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
  }
}
