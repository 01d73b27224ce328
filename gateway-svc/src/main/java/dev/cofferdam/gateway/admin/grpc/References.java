package dev.cofferdam.gateway.admin.grpc;

import dev.cofferdam.gateway.admin.Configuration;
import dev.cofferdam.proto.admin.v1.Tenant;
import java.util.Optional;
import java.util.function.Predicate;

/** The first record that refers to another one, in words; such a record must not be removed. */
final class References {
  private References() {}

  static Optional<String> ofModel(Configuration configuration, String id) {
    return configuration.adapters().values().stream()
        .filter(adapter -> adapter.getModel().equals(id))
        .map(adapter -> "adapter " + adapter.getTenant() + "/" + adapter.getName())
        .min(String::compareTo)
        .or(() -> tenant(configuration, t -> t.getDefaultModel().equals(id)))
        .or(
            () ->
                configuration.models().values().stream()
                    .filter(model -> model.getShadow().getModel().equals(id))
                    .map(model -> "the shadow of model " + model.getId())
                    .min(String::compareTo))
        .or(
            () ->
                configuration.models().values().stream()
                    .filter(model -> model.getShift().getModel().equals(id))
                    .map(model -> "the shift of model " + model.getId())
                    .min(String::compareTo));
  }

  static Optional<String> ofPool(Configuration configuration, String id) {
    return configuration.models().values().stream()
        .filter(model -> model.getPoolsList().contains(id))
        .map(model -> "model " + model.getId())
        .min(String::compareTo)
        .or(
            () ->
                tenant(
                    configuration,
                    t -> t.getDedicatedPool().equals(id) || t.getPoolsAllowedList().contains(id)));
  }

  static Optional<String> ofRateCard(Configuration configuration, String id) {
    return tenant(configuration, t -> t.getRateCard().equals(id));
  }

  private static Optional<String> tenant(Configuration configuration, Predicate<Tenant> refers) {
    return configuration.tenants().values().stream()
        .filter(refers)
        .map(tenant -> "tenant " + tenant.getId())
        .min(String::compareTo);
  }
}
