package dev.cofferdam.local.process;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;

/** Chooses ports on the loopback address. */
public final class Ports {
  // Below the range from which the kernel takes ports for outgoing connections.
  private static final int LOWEST = 20_000;
  private static final int HIGHEST = 32_000;
  private static final int TRIES_MAX = 2_000;

  private Ports() {}

  /**
   * A port for each name: the given one, else the remembered one while it is free, else a free one.
   *
   * @throws IllegalStateException for a given port that is in use, naming it
   */
  public static Map<String, Integer> choose(
      List<String> names,
      Map<String, Integer> given,
      Map<String, Integer> remembered,
      RandomGenerator random) {
    Map<String, Integer> chosen = new LinkedHashMap<>();
    Set<Integer> taken = new HashSet<>(given.values());
    for (String name : names) {
      Integer wanted = given.get(name);
      if (wanted != null) {
        if (!isFree(wanted)) {
          throw new IllegalStateException("port " + wanted + " for " + name + " is in use");
        }
        chosen.put(name, wanted);
        continue;
      }
      Integer last = remembered.get(name);
      int port = last != null && !taken.contains(last) && isFree(last) ? last : free(taken, random);
      taken.add(port);
      chosen.put(name, port);
    }
    return chosen;
  }

  private static int free(Set<Integer> taken, RandomGenerator random) {
    for (int i = 0; i < TRIES_MAX; i++) {
      int port = random.nextInt(LOWEST, HIGHEST);
      if (!taken.contains(port) && isFree(port)) {
        return port;
      }
    }
    throw new IllegalStateException("no free port between " + LOWEST + " and " + HIGHEST);
  }

  /** Whether nobody listens on a port. */
  public static boolean isFree(int port) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
