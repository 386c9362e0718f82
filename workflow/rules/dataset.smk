from readsight.wiring.dataset import DatasetWiring

dataset = DatasetWiring(project)


rule dataset_assemble:
    """Assemble the examples of a task: labels, coordinates, features."""
    input:
        labels=dataset.labels,
        fasta="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
    output:
        examples="<results>/dataset/{task}/examples.h5ad",
    log:
        "<logs>/dataset_assemble/{task}.log",
    benchmark:
        "<benchmarks>/dataset_assemble/{task}.tsv"
    conda:
        "../../envs/dataset.yaml"
    threads: 1
    resources:
        mem_mb=mem(1000),
    params:
        code=code("dataset_assemble"),
        spec=dataset.assemble,
    script:
        "../../scripts/dataset_assemble.py"


rule dataset_split:
    """Divide the examples into folds of whole groups, and certify the division."""
    input:
        examples="<results>/dataset/{task}/examples.h5ad",
    output:
        split="<results>/dataset/{task}/split.parquet",
        certificate="<results>/dataset/{task}/certificate.json",
        summary="<results>/dataset/{task}/split.summary.json",
    log:
        "<logs>/dataset_split/{task}.log",
    benchmark:
        "<benchmarks>/dataset_split/{task}.tsv"
    conda:
        "../../envs/dataset.yaml"
    threads: 1
    resources:
        mem_mb=mem(1000),
    params:
        code=code("dataset_split"),
        spec=dataset.split,
        seed=project.config.seed,
    script:
        "../../scripts/dataset_split.py"


rule dataset_fold:
    """Cut the folds of one repeat, each scaled by what its own training part gives."""
    input:
        examples="<results>/dataset/{task}/examples.h5ad",
        split="<results>/dataset/{task}/split.parquet",
        certificate="<results>/dataset/{task}/certificate.json",
    output:
        train="<results>/dataset/{task}/repeat{repeat}/train.h5",
        validation="<results>/dataset/{task}/repeat{repeat}/validation.h5",
        test="<results>/dataset/{task}/repeat{repeat}/test.h5",
        scaler="<results>/dataset/{task}/repeat{repeat}/scaler.json",
    log:
        "<logs>/dataset_fold/{task}.repeat{repeat}.log",
    benchmark:
        "<benchmarks>/dataset_fold/{task}.repeat{repeat}.tsv"
    wildcard_constraints:
        repeat=r"\d+",
    conda:
        "../../envs/dataset.yaml"
    threads: 1
    resources:
        mem_mb=mem(1000),
    params:
        code=code("dataset_fold"),
    script:
        "../../scripts/dataset_fold.py"


rule dataset_balance:
    """Balance the classes of the training folds; the training folds are all that it is given."""
    input:
        train="<results>/dataset/{task}/repeat{repeat}/train.h5",
    output:
        balanced="<results>/dataset/{task}/repeat{repeat}/balanced.h5",
    log:
        "<logs>/dataset_balance/{task}.repeat{repeat}.log",
    benchmark:
        "<benchmarks>/dataset_balance/{task}.repeat{repeat}.tsv"
    wildcard_constraints:
        repeat=r"\d+",
    conda:
        "../../envs/dataset.yaml"
    threads: 1
    resources:
        mem_mb=mem(1000),
    params:
        code=code("dataset_balance"),
        spec=dataset.balance,
        seed=project.config.seed,
    script:
        "../../scripts/dataset_balance.py"


rule dataset_plot:
    """Draw what the split's certificate says."""
    input:
        certificate="<results>/dataset/{task}/certificate.json",
    output:
        certificate=report(
            "<results>/dataset/{task}/certificate.svg",
            caption="../report/dataset_certificate.rst",
            category="Data set",
            subcategory="{task}",
            labels={"figure": "certificate of the split"},
        ),
    log:
        "<logs>/dataset_plot/{task}.log",
    benchmark:
        "<benchmarks>/dataset_plot/{task}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=mem(600),
    params:
        code=code("dataset_plot"),
    script:
        "../../scripts/dataset_plot.py"
