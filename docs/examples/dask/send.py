"""Dask: results of one task go to the next, from worker to worker."""

from distributed import Client, LocalCluster
from geometry import Point, label, move

import modulepickle

if __name__ == "__main__":
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
        ) as cluster,
        Client(cluster) as client,
    ):
        modulepickle.extend_dask(client)
        points = client.map(move, [Point(x) for x in range(3)])
        print(client.gather(client.map(label, points)))
