package dev.cofferdam.router.app;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Settings of router-svc. */
@ConfigMapping(prefix = "cofferdam")
public interface RouterConfig {
  /** Trust domain of the mesh's identities. */
  @WithDefault("cofferdam.local")
  String trustDomain();

  /** The service's own identity. */
  Tls tls();

  /** Where the service listens. */
  Listen listen();

  /** How Kafka is reached. */
  Kafka kafka();

  /** Folder of the configuration's snapshots and of the spool of audit facts. */
  Path stateDir();

  /** Bound of the spool in bytes. */
  @WithDefault("67108864")
  long spoolBytesMax();

  /** Schedulers of the pools. */
  Scheduler scheduler();

  /** Placement. */
  Placement placement();

  /** What follows from requests that fail. */
  Health health();

  /** Availability zone of this router, whose workers are preferred. */
  Optional<String> zone();

  /** The gateways, which roll rollouts back. */
  Gateway gateway();

  /** PEM files of an identity. */
  interface Tls {
    /** Certificate chain, leaf first. */
    Path certificate();

    /** PKCS #8 private key. */
    Path key();

    /** Authorities that are trusted. */
    Path trust();
  }

  /** An address. */
  interface Listen {
    /** Host. */
    @WithDefault("127.0.0.1")
    String host();

    /** Port of the gRPC server. */
    int port();
  }

  /** Kafka. */
  interface Kafka {
    /** Client properties; {@code bootstrap.servers} at least. */
    Map<String, String> properties();
  }

  /** Schedulers. */
  interface Scheduler {
    /** host:port of the schedulers of every pool that is not named below, asked in turn. */
    List<String> endpoint();

    /** host:port by pool, of one or several. */
    Map<String, List<String>> pools();
  }

  /** Gateways. */
  interface Gateway {
    /** host:port of their gRPC ports; none: a rollout that does badly is only reported. */
    Optional<List<String>> endpoints();
  }

  /** Placement. */
  interface Placement {
    /** Milliseconds that a request waits for a worker to appear. */
    @WithDefault("8000")
    long noWorkerMsMax();

    /** Milliseconds of silence after which a worker is not live. */
    @WithDefault("3000")
    long silenceMsMax();

    /** Bound of the fleet. */
    @WithDefault("10000")
    int workersMax();

    /** Bound of the prefix index; 16 to 32 bytes each. */
    @WithDefault("2000000")
    int digestsMax();

    /** Requests whose placement can be explained afterwards. */
    @WithDefault("4096")
    int explanationsMax();
  }

  /** Ejections of workers, and circuit breakers. */
  interface Health {
    /** Milliseconds for which a worker that fails or is slow is ejected the first time. */
    @WithDefault("10000")
    long ejectedMs();

    /** Milliseconds for which a model or an adapter that fails everywhere is refused at first. */
    @WithDefault("5000")
    long breakerOpenMs();
  }
}
