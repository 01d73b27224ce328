package dev.cofferdam.gateway.app;

import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import dev.cofferdam.gateway.admin.kafka.KafkaConfiguration;
import dev.cofferdam.mesh.kafka.ConfigView;
import dev.cofferdam.mesh.kafka.KafkaSettings;
import dev.cofferdam.mesh.kafka.Topics;
import dev.cofferdam.proto.admin.v1.Adapter;
import dev.cofferdam.proto.admin.v1.ApiKey;
import dev.cofferdam.proto.admin.v1.Model;
import dev.cofferdam.proto.admin.v1.Pool;
import dev.cofferdam.proto.admin.v1.RateCard;
import dev.cofferdam.proto.admin.v1.Tenant;
import java.nio.file.Path;

/** This gateway's views of the configuration topics. */
final class Configured implements AutoCloseable {
  private final KafkaConfiguration.Views views;

  Configured(KafkaSettings kafka, Path stateDir) {
    this.views =
        new KafkaConfiguration.Views(
            open(kafka, Topics.TENANTS, Tenant.parser(), stateDir.resolve("tenants.snapshot")),
            open(kafka, Topics.API_KEYS, ApiKey.parser(), stateDir.resolve("api-keys.snapshot")),
            open(kafka, Topics.MODELS, Model.parser(), stateDir.resolve("models.snapshot")),
            open(kafka, Topics.ADAPTERS, Adapter.parser(), stateDir.resolve("adapters.snapshot")),
            open(kafka, Topics.POOLS, Pool.parser(), stateDir.resolve("pools.snapshot")),
            open(
                kafka,
                Topics.RATE_CARDS,
                RateCard.parser(),
                stateDir.resolve("rate-cards.snapshot")));
  }

  KafkaConfiguration.Views views() {
    return views;
  }

  boolean caughtUp() {
    return views.all().stream().allMatch(ConfigView::caughtUp);
  }

  private static <T extends Message> ConfigView<T> open(
      KafkaSettings kafka, String topic, Parser<T> parser, Path snapshot) {
    return ConfigView.open(kafka, topic, parser, snapshot);
  }

  @Override
  public void close() {
    views.all().forEach(ConfigView::close);
  }
}
