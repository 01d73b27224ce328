package dev.cofferdam.verification.bench.gateway;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Clients that ask as fast as they are answered, and what that costs a process. */
final class Load {
  private Load() {}

  /**
   * What a load was.
   *
   * @param requests answered requests
   * @param seconds wall clock
   * @param cpuUs CPU of the watched process for each request, microseconds; without compilers
   */
  record Cost(long requests, double seconds, double cpuUs) {}

  /** Several clients for a while; each has asked once before the clock starts. */
  static Cost run(int clients, long ms, long pid, Lane.Opener opener)
      throws IOException, InterruptedException {
    List<Lane> lanes = new ArrayList<>();
    try (ExecutorService pool = Executors.newFixedThreadPool(clients)) {
      for (int i = 0; i < clients; i++) {
        lanes.add(opener.open(i));
      }
      List<Callable<Boolean>> first = new ArrayList<>();
      for (Lane lane : lanes) {
        first.add(
            () -> {
              lane.ask();
              return true;
            });
      }
      for (Future<Boolean> done : pool.invokeAll(first)) {
        var unused = done.get();
      }
      Duration before = cpu(pid);
      long start = System.nanoTime();
      long until = start + ms * 1_000_000;
      List<Callable<Long>> work = new ArrayList<>();
      for (Lane lane : lanes) {
        work.add(
            () -> {
              long asked = 0;
              while (System.nanoTime() < until) {
                lane.ask();
                asked++;
              }
              return asked;
            });
      }
      long requests = 0;
      for (Future<Long> done : pool.invokeAll(work)) {
        requests += done.get();
      }
      double seconds = (System.nanoTime() - start) / 1e9;
      double cpuUs = cpu(pid).minus(before).toNanos() / 1e3;
      return new Cost(requests, seconds, cpuUs / Math.max(1, requests));
    } catch (ExecutionException e) {
      throw new IOException(e.getCause());
    } finally {
      for (Lane lane : lanes) {
        lane.close();
      }
    }
  }

  /** Milliseconds that each of some requests of one client took, sorted. */
  static double[] latencies(int requests, Lane.Opener opener) throws IOException {
    double[] ms = new double[requests];
    try (Lane lane = opener.open(0)) {
      for (int i = 0; i < requests / 10; i++) {
        lane.ask();
      }
      for (int i = 0; i < requests; i++) {
        long start = System.nanoTime();
        lane.ask();
        ms[i] = (System.nanoTime() - start) / 1e6;
      }
    }
    Arrays.sort(ms);
    return ms;
  }

  /**
   * CPU that a process has used, by the kernel's clock, without that of the JVM's compilers: a
   * benchmark of a minute pays for what a service pays once.
   */
  static Duration cpu(long pid) {
    long nanos = 0;
    try (DirectoryStream<Path> threads =
        Files.newDirectoryStream(Path.of("/proc/" + pid + "/task"))) {
      for (Path thread : threads) {
        nanos += threadCpu(thread);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("no process " + pid, e);
    }
    return Duration.ofNanos(nanos);
  }

  private static long threadCpu(Path thread) {
    try {
      if (Files.readString(thread.resolve("comm")).matches("C[12] Compiler.*\\s*")) {
        return 0;
      }
      String times = Files.readString(thread.resolve("schedstat"));
      return Long.parseLong(times.substring(0, times.indexOf(' ')));
    } catch (IOException ended) {
      return 0;
    }
  }
}
