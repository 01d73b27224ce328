package dev.cofferdam.scheduler.app;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** Settings of scheduler-svc. */
@ConfigMapping(prefix = "cofferdam")
public interface SchedulerConfig {
  /** Trust domain of the mesh's identities. */
  @WithDefault("cofferdam.local")
  String trustDomain();

  /** The service's own identity. */
  Tls tls();

  /** Where the service listens. */
  Listen listen();

  /** How Kafka is reached. */
  Kafka kafka();

  /** Folder of the spool for usage facts. */
  Path stateDir();

  /** Bound of the spool in bytes. */
  @WithDefault("67108864")
  long spoolBytesMax();

  /** How pools are scheduled. */
  Scheduling scheduling();

  /** Who leads a pool, where several schedulers could. */
  Lease lease();

  /** Leases of pools. */
  interface Lease {
    /** URL of the Redis that keeps them; without a keeper, this scheduler is the only one. */
    Optional<String> redisUrl();

    /** Kubernetes as their keeper, instead of Redis. */
    Kubernetes kubernetes();

    /**
     * Milliseconds after its holder's last sign of life at which a lease is over; whole seconds
     * where Kubernetes keeps them.
     */
    @WithDefault("2000")
    long lifeMs();
  }

  /** Leases as Kubernetes' objects of that name. */
  interface Kubernetes {
    /** Namespace of the objects; without it, Kubernetes keeps none. */
    Optional<String> namespace();

    /** Prefix of the objects' names, before the pool's. */
    @WithDefault("cofferdam-pool-")
    String prefix();

    /** Host of the API server, as in its certificate. */
    @WithDefault("${KUBERNETES_SERVICE_HOST:kubernetes.default.svc}")
    String host();

    /** Port of the API server. */
    @WithDefault("${KUBERNETES_SERVICE_PORT:443}")
    int port();

    /** Folder of the service account's {@code token} and {@code ca.crt}. */
    @WithDefault("/var/run/secrets/kubernetes.io/serviceaccount")
    Path account();
  }

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

  /** How pools are scheduled. */
  interface Scheduling {
    /** Weighted tokens of an input token. */
    @WithDefault("1.0")
    double promptTokenWeight();

    /** Weighted tokens of an input token that the prefix cache holds. */
    @WithDefault("0.1")
    double cachedTokenWeight();

    /** Weighted tokens of an output token. */
    @WithDefault("2.0")
    double outputTokenWeight();

    /** Share of a pool that standard work gets in any case. */
    @WithDefault("0.2")
    double standardFloor();

    /** Share of a pool that batch work gets in any case. */
    @WithDefault("0.05")
    double batchFloor();

    /** Requests that wait in a pool. */
    @WithDefault("2000")
    int queueMax();

    /** Requests of one tenant that wait in a pool. */
    @WithDefault("256")
    int tenantQueueMax();

    /** Milliseconds that a request waits at most. */
    @WithDefault("60000")
    long queueAgeMaxMs();

    /** Milliseconds that a request waits while no worker that may serve it is attached. */
    @WithDefault("5000")
    long workerWaitMaxMs();

    /** Output tokens that are expected of a tenant that is not known. */
    @WithDefault("128")
    double expectedOutputTokens();

    /** Milliseconds that a grant can be shown to its worker. */
    @WithDefault("10000")
    long grantTtlMs();

    /** Milliseconds that an attempt waits whose worker was lost. */
    @WithDefault("10000")
    long lostWindowMs();

    /** How often a running request may be preempted; 0 turns preemption off. */
    @WithDefault("2")
    int preemptionsMax();

    /** Milliseconds that a request runs before it may be preempted. */
    @WithDefault("50")
    long preemptAfterMs();

    /** Expected wait for a free slot, in milliseconds, above which running requests give way. */
    @WithDefault("10")
    long preemptWaitMsMin();
  }
}
