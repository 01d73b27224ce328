package dev.cofferdam.mesh.containers;

import com.github.dockerjava.api.DockerClient;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.startupcheck.IsRunningStartupCheckStrategy;
import org.testcontainers.containers.wait.strategy.AbstractWaitStrategy;
import org.testcontainers.utility.DockerImageName;

/**
 * A container on the machine's own network, so that the server in it listens where a process of
 * this machine would, also after it was stopped and started again. Docker for Linux only. Tests
 * take their servers from containers where {@code -Dcofferdam.tests.containers=true} asks for it
 * and Docker answers.
 */
public final class HostContainer implements AutoCloseable {
  /** The property that asks for containers. */
  public static final String PROPERTY = "cofferdam.tests.containers";

  private static final Duration START_MAX = Duration.ofSeconds(60);
  private static final long LOOK_MS = 50;

  private static final class Decision {
    static final boolean WANTED = Boolean.getBoolean(PROPERTY) && docker();

    private static boolean docker() {
      boolean answers = DockerClientFactory.instance().isDockerAvailable();
      System.err.println(
          answers
              ? PROPERTY + ": Redis, Kafka and PostgreSQL come from containers"
              : PROPERTY + ": no Docker answers; tests start servers of this machine instead");
      return answers;
    }
  }

  private final GenericContainer<?> container;
  private final Callable<Boolean> serves;

  /**
   * Fetches the image where it is not there. Not started yet.
   *
   * @param serves whether the server answers; exceptions are taken for a no
   */
  public HostContainer(
      String image,
      Map<String, String> environment,
      List<String> command,
      Callable<Boolean> serves) {
    this.serves = serves;
    this.container =
        new GenericContainer<>(DockerImageName.parse(image))
            .withNetworkMode("host")
            .withEnv(environment)
            .withCommand(command.toArray(String[]::new))
            .withStartupCheckStrategy(new IsRunningStartupCheckStrategy())
            .waitingFor(
                new AbstractWaitStrategy() {
                  @Override
                  protected void waitUntilReady() {
                    // Nothing is exposed on the machine's own network; start() waits itself.
                  }
                });
  }

  /** Whether tests shall use containers, and can. */
  public static boolean wanted() {
    return Decision.WANTED;
  }

  /** Starts it, or starts it again with what its disk holds, and waits until it serves. */
  public void start() {
    if (container.getContainerId() == null) {
      container.start();
    } else {
      docker().startContainerCmd(container.getContainerId()).exec();
    }
    long deadline = System.nanoTime() + START_MAX.toNanos();
    while (!answers()) {
      if (System.nanoTime() > deadline) {
        throw new IllegalStateException(
            container.getDockerImageName() + " does not serve:\n" + container.getLogs());
      }
      try {
        Thread.sleep(LOOK_MS);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private boolean answers() {
    try {
      return serves.call();
    } catch (Exception e) {
      return false;
    }
  }

  /** Ends its process in order. */
  public void stop() {
    docker().stopContainerCmd(container.getContainerId()).exec();
  }

  /** As kill -9. */
  public void kill() {
    docker().killContainerCmd(container.getContainerId()).exec();
  }

  /** Makes its process hang. */
  public void pause() {
    docker().pauseContainerCmd(container.getContainerId()).exec();
  }

  /** Lets it go on. */
  public void resume() {
    docker().unpauseContainerCmd(container.getContainerId()).exec();
  }

  private static DockerClient docker() {
    return DockerClientFactory.instance().client();
  }

  @Override
  public void close() {
    container.close();
  }
}
