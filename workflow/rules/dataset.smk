from readsight.wiring.dataset import DatasetWiring

dataset = DatasetWiring(project)


rule dataset_assemble_variants:
    """Assemble the examples of a task: labels, coordinates, features."""
    input:
        labels=dataset.labels_vcf,
        fasta="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
    output:
        examples="<results>/dataset/{task}/examples.h5ad",
    log:
        "<logs>/dataset_assemble_variants/{task}.log",
    benchmark:
        "<benchmarks>/dataset_assemble_variants/{task}.tsv"
    wildcard_constraints:
        task=one_of(dataset.tasks_by_source("variants")),
    conda:
        "../../envs/dataset.yaml"
    threads: 1
    resources:
        mem_mb=mem(1000),
    params:
        code=hash_code("dataset_assemble_variants"),
        spec=dataset.variants_spec,
    script:
        "../../scripts/dataset_assemble_variants.py"


rule dataset_genome:
    """Encode a genome as base codes, from which windows can be read at random."""
    input:
        fasta=dataset.genome_fasta,
    output:
        codes="<results>/dataset/genome/{genome}.codes",
        contigs="<results>/dataset/genome/{genome}.json",
    log:
        "<logs>/dataset_genome/{genome}.log",
    benchmark:
        "<benchmarks>/dataset_genome/{genome}.tsv"
    wildcard_constraints:
        genome=one_of(dataset.genome_names()),
    conda:
        "../../envs/dataset.yaml"
    threads: 1
    resources:
        mem_mb=mem(1000),
    params:
        code=hash_code("dataset_genome"),
    script:
        "../../scripts/dataset_genome.py"


rule dataset_assemble_sequences:
    """Collect the sequences of a task with labels, positions and groups; cut windows, make negatives, collapse duplicates."""
    input:
        unpack(dataset.genome_store),
        unpack(dataset.extra_inputs),
        files=dataset.sequence_files,
    output:
        examples="<results>/dataset/{task}/examples.h5ad",
        summary="<results>/dataset/{task}/examples.summary.json",
    log:
        "<logs>/dataset_assemble_sequences/{task}.log",
    benchmark:
        "<benchmarks>/dataset_assemble_sequences/{task}.tsv"
    wildcard_constraints:
        task=one_of(dataset.tasks_by_source("sequences")),
    conda:
        "../../envs/dataset.yaml"
    threads: 1
    resources:
        mem_mb=dataset.memory_mb,
    params:
        code=hash_code("dataset_assemble_sequences"),
        spec=dataset.sequences_spec,
        seed=project.config.seed,
    script:
        "../../scripts/dataset_assemble_sequences.py"


rule dataset_assemble_samples:
    """Assemble the samples of a task over their modalities, with labels, donors and batches, in one MuData."""
    input:
        modalities=dataset.modality_files,
    output:
        examples="<results>/dataset/{task}/examples.h5mu",
        summary="<results>/dataset/{task}/examples.summary.json",
    log:
        "<logs>/dataset_assemble_samples/{task}.log",
    benchmark:
        "<benchmarks>/dataset_assemble_samples/{task}.tsv"
    wildcard_constraints:
        task=one_of(dataset.tasks_by_source("samples")),
    conda:
        "../../envs/dataset.yaml"
    threads: 1
    resources:
        mem_mb=dataset.memory_mb,
    params:
        code=hash_code("dataset_assemble_samples"),
        spec=dataset.samples_spec,
    script:
        "../../scripts/dataset_assemble_samples.py"


rule dataset_confound:
    """Measure the confounding of batch and label, before any training."""
    input:
        examples="<results>/dataset/{task}/examples.h5mu",
    output:
        confounding="<results>/dataset/{task}/confounding.json",
        summary="<results>/dataset/{task}/confounding.summary.json",
    log:
        "<logs>/dataset_confound/{task}.log",
    benchmark:
        "<benchmarks>/dataset_confound/{task}.tsv"
    conda:
        "../../envs/dataset.yaml"
    threads: 1
    resources:
        mem_mb=dataset.memory_mb,
    params:
        code=hash_code("dataset_confound"),
        batch=dataset.batch_column,
        seed=project.config.seed,
    script:
        "../../scripts/dataset_confound.py"


rule dataset_split:
    """Split the examples into folds without dividing groups, and certify the split."""
    input:
        examples=dataset.examples_file,
        confounding=dataset.batch_confounding,
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
        mem_mb=dataset.memory_mb,
    params:
        code=hash_code("dataset_split"),
        spec=dataset.split_spec,
        seed=project.config.seed,
    script:
        "../../scripts/dataset_split.py"


rule dataset_fold:
    """Write the folds of one repeat, each scaled by statistics of its training set."""
    input:
        examples=dataset.examples_file,
        split="<results>/dataset/{task}/split.parquet",
        certificate="<results>/dataset/{task}/certificate.json",
    output:
        train="<results>/dataset/{task}/repeat{repeat}/train.h5",
        validation="<results>/dataset/{task}/repeat{repeat}/validation.h5",
        test="<results>/dataset/{task}/repeat{repeat}/test.h5",
        scaler="<results>/dataset/{task}/repeat{repeat}/scaler.h5",
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
        mem_mb=dataset.memory_mb,
    params:
        code=hash_code("dataset_fold"),
        spec=dataset.fold_spec,
    script:
        "../../scripts/dataset_fold.py"


rule dataset_balance:
    """Balance the classes of the training folds; the rule has no access to validation and test data."""
    input:
        train="<results>/dataset/{task}/repeat{repeat}/train.h5",
    output:
        balanced="<results>/dataset/{task}/repeat{repeat}/balanced.{balance}.h5",
    log:
        "<logs>/dataset_balance/{task}.repeat{repeat}.{balance}.log",
    benchmark:
        "<benchmarks>/dataset_balance/{task}.repeat{repeat}.{balance}.tsv"
    wildcard_constraints:
        repeat=r"\d+",
        balance=one_of(dataset.balance_methods()),
    conda:
        "../../envs/dataset.yaml"
    threads: 1
    resources:
        mem_mb=dataset.memory_mb,
    params:
        code=hash_code("dataset_balance"),
        spec=dataset.balance_spec,
        seed=project.config.seed,
    script:
        "../../scripts/dataset_balance.py"


rule dataset_represent:
    """Fit the sequence representation on the training folds of a repeat: embeddings, tokens, a pre-trained transformer."""
    input:
        train="<results>/dataset/{task}/repeat{repeat}/train.h5",
        certificate="<results>/dataset/{task}/certificate.json",
        checkpoint=dataset.checkpoint_config,
    output:
        representation="<results>/dataset/{task}/repeat{repeat}/representation.safetensors",
        about="<results>/dataset/{task}/repeat{repeat}/representation.json",
    log:
        "<logs>/dataset_represent/{task}.repeat{repeat}.log",
    benchmark:
        "<benchmarks>/dataset_represent/{task}.repeat{repeat}.tsv"
    wildcard_constraints:
        task=one_of(dataset.tasks_by_source("sequences")),
        repeat=r"\d+",
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=dataset.memory_mb,
    params:
        code=hash_code("dataset_represent"),
        spec=dataset.representation_spec,
        seed=project.config.seed,
    script:
        "../../scripts/dataset_represent.py"


rule dataset_plot:
    """Plot the certificate of the split."""
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
        code=hash_code("dataset_plot"),
    script:
        "../../scripts/dataset_plot.py"


rule dataset_plot_confounding:
    """Plot classes by batch, and how well the batch alone predicts the label."""
    input:
        confounding="<results>/dataset/{task}/confounding.json",
    output:
        confounding=report(
            "<results>/dataset/{task}/confounding.svg",
            caption="../report/dataset_confounding.rst",
            category="Data set",
            subcategory="{task}",
            labels={"figure": "batch and label"},
        ),
    log:
        "<logs>/dataset_plot_confounding/{task}.log",
    benchmark:
        "<benchmarks>/dataset_plot_confounding/{task}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=mem(600),
    params:
        code=hash_code("dataset_plot_confounding"),
    script:
        "../../scripts/dataset_plot_confounding.py"
